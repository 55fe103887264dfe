#include "source/source.h"

enum source_state source_read(struct source *source, struct error *error)
{
	return source->ops->read(source, error);
}

void source_close(struct source *source)
{
	if (source)
		source->ops->close(source);
}
