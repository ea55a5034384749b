#include "emulator/events.h"

#include <assert.h>

void event_push(event_heap *h, event e)
{
    assert(h->count < h->capacity);
    uint32_t i = h->count++;
    for (; i > 0; i = (i - 1) / 2) {
        event parent = h->at[(i - 1) / 2];
        if (!event_before(e, parent))
            break;
        h->at[i] = parent;
    }
    h->at[i] = e;
}

/* Puts an event where the first one was, and then where it belongs. */
static void sift_down(event_heap *h, event e)
{
    uint32_t i = 0;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= h->count)
            break;
        if (child + 1 < h->count && event_before(h->at[child + 1], h->at[child]))
            child++;
        if (!event_before(h->at[child], e))
            break;
        h->at[i] = h->at[child];
        i = child;
    }
    h->at[i] = e;
}

event event_pop(event_heap *h)
{
    assert(h->count > 0);
    event top = h->at[0], last = h->at[--h->count];
    if (h->count)
        sift_down(h, last);
    return top;
}

event event_exchange(event_heap *h, event e)
{
    event top = h->at[0];
    sift_down(h, e);
    return top;
}
