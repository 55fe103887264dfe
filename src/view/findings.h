#ifndef TPROF_VIEW_FINDINGS_H
#define TPROF_VIEW_FINDINGS_H

#include "view/scene.h"

/*
 * How far what was measured can be trusted, and what would improve it:
 * how stacks ended, why and where they are truncated, what was lost on
 * which CPU, what stacks and names come from.  Line by line, for the view
 * and the reports.
 */
enum finding_kind {
	FINDING_HEADING,
	FINDING_SHARE,		/* part of whole, in samples */
	FINDING_FACT,		/* a sentence */
	FINDING_ADVICE,		/* what would improve it, a sentence */
};

struct finding {
	enum finding_kind kind;
	const char *section;	/* for reports: "stacks", "reasons", "binaries", ... */
	char *text;		/* safe to show */
	unsigned depth;		/* 1: a part of the one above */
	uint64_t part, whole;
};

struct findings {
	array(struct finding) finding;
};

/* In place of what there is. */
void findings_collect(struct findings *findings, const struct scene *scene);
void findings_release(struct findings *findings);

#endif
