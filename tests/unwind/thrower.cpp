// What stepper steps through to see exceptions on their way: subject.c has
// the rest.  Build it with -fno-omit-frame-pointer left out.
//
//	thrower [MARK]
#include <cstdlib>
#include <stdexcept>
#include <string>

#define NOINLINE __attribute__((noinline))
#define MARK() __asm__ volatile("int3")

static volatile int sink;
static int mark_at;

NOINLINE static void mark()
{
	if (mark_at && !--mark_at)
		MARK();
	sink = sink + 1;
}

struct guard {
	~guard() { mark(); }
};

NOINLINE static int thrower(int depth)
{
	guard here;

	if (!depth)
		throw std::runtime_error(std::string(40, 'x'));
	return thrower(depth - 1) + 1;
}

NOINLINE static void catcher()
{
	try {
		sink = thrower(3);
	} catch (const std::exception &caught) {
		sink = caught.what()[0];
		mark();
	}
}

int main(int argc, char **argv)
{
	mark_at = argc > 1 ? std::atoi(argv[1]) : 0;
	MARK();
	catcher();
	MARK();
	return 0;
}
