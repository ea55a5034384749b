#include "passes/plan/model.h"

int64_t plan_extent(const plan *p)
{
    int64_t end = 0;
    for (size_t i = 0; i < p->place_count; i++)
        if (p->places[i].first + p->places[i].count > end)
            end = p->places[i].first + p->places[i].count;
    return end;
}
