/* render.h - an event file (eventfile.h) as the text and the JSON Lines that the run itself would
 * have written.
 */
#ifndef RV_TRACE_RENDER_H
#define RV_TRACE_RENDER_H
#include "rvh.h"

/* rvh.h's rvh_render. */
bool rv_render(FILE *in, const char *name, const rvh_rendering *how, GError **error);
#endif
