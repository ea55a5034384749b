/*
 * Shared memory and channels. The waits are over when these run, but another agent may have come
 * between the grant and the end of an access: that is a race in the program, and an error.
 */
#include "emulator/handlers.h"
#include "emulator/network.h"
#include "emulator/observe/watch.h"
#include "emulator/tile.h"

#include <string.h>

static bool still_ready(agent *a, const operation *op)
{
    tile *t = a->tile;
    if (t->memory.changes == a->checked)
        return true;
    uint32_t word = memory_not_ready(&t->memory, a->address, op->words, a->phase[op->scalar[0]]);
    if (word == a->address + op->words)
        return true;
    tile_fail(t, a, a->now, "count underflow: word %u was used up by another consumer meanwhile",
              word);
    return false;
}

static bool still_free(agent *a, const operation *op)
{
    tile *t = a->tile;
    if (t->memory.changes == a->checked)
        return true;
    uint32_t word = memory_not_free(&t->memory, a->address, op->words);
    if (word == a->address + op->words)
        return true;
    tile_fail(t, a, a->now, "two writers: word %u was written by another agent meanwhile", word);
    return false;
}

void data_load(agent *a, const operation *op)
{
    memcpy(operand(a, op, 0), a->tile->memory.value + a->data_address,
           op->words * sizeof(int16_t));
}

void data_store(agent *a, const operation *op)
{
    memcpy(a->tile->memory.value + a->data_address, operand(a, op, 0),
           op->words * sizeof(int16_t));
}

void data_send(agent *a, const operation *op)
{
    channel_send_data(op->with.channel, a->tile->memory.value + a->data_address, op->words);
}

void data_receive(agent *a, const operation *op)
{
    channel_receive_data(op->with.channel, a->tile->memory.value + a->data_address, op->words);
}

static void take_words(agent *a, const operation *op)
{
    tile *t = a->tile;
    if (t->emulator->watch)
        watch_take(t->emulator->watch, t, a->address, op->words);
    memory_take(&t->memory, a->address, op->words);
    if (t->wait_count)
        tile_memory_changed(t, a->address, op->words, a->now);
}

static void fill_words(agent *a, const operation *op)
{
    tile *t = a->tile;
    if (t->emulator->watch)
        watch_fill(t->emulator->watch, t, a->address, op->words);
    memory_mark(&t->memory, a->address, op->words, op->count, a->phase[op->scalar[0]]);
    if (t->wait_count)
        tile_memory_changed(t, a->address, op->words, a->now);
}

void insn_load(agent *a, const operation *op)
{
    if (still_ready(a, op))
        take_words(a, op);
}

void insn_peek(agent *a, const operation *op)
{
    still_ready(a, op);
}

void insn_drop(agent *a, const operation *op)
{
    if (still_ready(a, op))
        take_words(a, op);
}

static bool none_counted(agent *a, const operation *op)
{
    tile *t = a->tile;
    uint32_t word = memory_counted(&t->memory, a->address, op->words);
    if (word == a->address + op->words)
        return true;
    tile_fail(t, a, a->now, "keep on word %u, which still has %d consumers", word,
              word_count(t->memory.state[word]));
    return false;
}

static bool may_write(agent *a, const operation *op)
{
    return op->count ? still_free(a, op) : none_counted(a, op);
}

void insn_store(agent *a, const operation *op)
{
    if (may_write(a, op))
        fill_words(a, op);
}

void insn_send(agent *a, const operation *op)
{
    if (still_ready(a, op) && channel_send(a, op->with.channel, op->words))
        take_words(a, op);
}

void insn_receive(agent *a, const operation *op)
{
    if (may_write(a, op) && channel_receive(a, op->with.channel, op->words))
        fill_words(a, op);
}
