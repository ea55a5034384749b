/* What an image has: entries, their ports, tensors, layers. */
#include "frontend/library/library.h"

size_t panther_entry_count(const panther_image *img)
{
    return img->im->entry_count;
}

const char *panther_entry_name(const panther_image *img, size_t entry)
{
    return entry < img->im->entry_count ? img->im->entries[entry].name : NULL;
}

size_t panther_port_count(const panther_image *img, size_t entry)
{
    if (entry >= img->im->entry_count)
        return 0;
    const image_entry *e = &img->im->entries[entry];
    return (size_t)e->input_count + e->output_count;
}

panther_status panther_get_port(const panther_image *img, size_t entry, size_t port,
                                panther_port *out)
{
    if (port >= panther_port_count(img, entry))
        return PANTHER_USAGE;
    const image_entry *e = &img->im->entries[entry];
    int output = port >= e->input_count;
    const image_port *row = output ? &e->outputs[port - e->input_count] : &e->inputs[port];
    size_t words = engine_port_words(e, row);
    *out = (panther_port){.name = row->name,
                          .output = output,
                          .classes = row->encoding == ENCODE_ONE_HOT,
                          .vectors = row->elements ? words / row->elements : 0,
                          .elements = row->elements,
                          .fraction_bits = row->q};
    return PANTHER_DONE;
}

size_t panther_tensor_count(const panther_image *img)
{
    return img->tensor_count;
}

panther_status panther_get_tensor(const panther_image *img, size_t tensor, panther_tensor *out)
{
    if (tensor >= img->tensor_count)
        return PANTHER_USAGE;
    *out = img->tensors[tensor];
    return PANTHER_DONE;
}

size_t panther_layer_count(const panther_image *img)
{
    return img->im->layer_count;
}

const char *panther_layer_name(const panther_image *img, size_t layer)
{
    return layer < img->im->layer_count ? img->im->layers[layer] : NULL;
}
