/* A train block while it is read: train.c (settings), every.c (actions), fit.c (data, gradients). */
#ifndef PANTHER_FRONTEND_LANGUAGE_TRAIN_H
#define PANTHER_FRONTEND_LANGUAGE_TRAIN_H

#include "frontend/language/check.h"

/* What a train block is being read into. */
typedef struct training {
    pan_train *t;
    const ast_item *block;
    const pan_item *item;
    const pan_data *data;
} training;

/* every.c */
bool train_metric(checker *c, const char *name, source_range where); /* false: not one */
void train_every(checker *c, training *tr, const ast_setting *s);

/* fit.c */
void train_fit(checker *c, const training *tr);
void train_gradients(checker *c, const pan_item *item);

#endif
