/*
 * Exceptions in flight, destructors on the way, and callbacks through
 * templates and the C++ library.  To be built like stacks.c; the calls that
 * there are, in its notation:
 *
 *	main > throwing() > deep(int) > deep(int) > thrower(int) > -thrower(int)
 *	deep(int), thrower(int) > Guard::~Guard() > guard_work()
 *	deep(int) > -deep(int)		an exception goes on after the destructor
 *	throwing() > -throwing()
 *	main > ordering() > -ordering() > before(int const&) > before_work()
 *	main > threading() > -threading()	- > worker(int) > worker_work()
 *	main > calling() > -calling() > Circle::area(int) const > area_work()
 */
#include <algorithm>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "work.h"

static volatile int sink;

NOINLINE static void guard_work()
{
	burn();
}

struct Guard {
	NOINLINE ~Guard()
	{
		sink = sink + 1;
		guard_work();
		NO_TAIL_CALL();
	}
};

NOINLINE static void thrower(int value)
{
	Guard guard;

	if (value)
		throw value;
}

NOINLINE static void deep(int level)
{
	Guard guard;

	if (level)
		deep(level - 1);
	else
		thrower(sink | 1);
	NO_TAIL_CALL();
}

NOINLINE static void throwing()
{
	try {
		deep(12);
	} catch (int value) {
		sink = value;
	}
}

NOINLINE static void before_work()
{
	burn();
	sink = sink - 1;
}

NOINLINE static bool before(const int &value)
{
	before_work();
	NO_TAIL_CALL();
	return value % 2;
}

NOINLINE static void ordering()
{
	std::vector<int> numbers;

	for (int i = 0; i < 24; i++)
		numbers.push_back(i * 7 % 24);
	std::sort(numbers.begin(), numbers.end(),
		  [](int a, int b) { return before(a) == before(b) ? a < b : before(b); });
	sink = numbers[0];
}

NOINLINE static void worker_work()
{
	burn();
	burn();
}

NOINLINE static void worker(int rounds)
{
	for (int i = 0; i < rounds; i++)
		worker_work();
	NO_TAIL_CALL();
}

NOINLINE static void threading()
{
	std::vector<std::thread> threads;

	for (int i = 0; i < 8; i++)
		threads.emplace_back(worker, 20);
	for (std::thread &thread : threads)
		thread.join();
}

NOINLINE static void area_work()
{
	burn();
	burn();
	burn();
}

struct Shape {
	virtual ~Shape() = default;
	virtual int area(int scale) const = 0;
};

struct Circle final : Shape {
	NOINLINE int area(int scale) const override
	{
		area_work();
		NO_TAIL_CALL();
		return scale;
	}
};

NOINLINE static void calling()
{
	std::unique_ptr<Shape> shape = std::make_unique<Circle>();
	std::function<int(int)> area = [&shape](int scale) { return shape->area(scale) + 1; };

	for (int i = 0; i < 50; i++)
		sink = area(i);
}

int main(int argc, char **argv)
{
	uint64_t until = duration_ns(argc, argv);

	while (cpu_ns(CLOCK_PROCESS_CPUTIME_ID) < until) {
		for (int i = 0; i < 20; i++)
			throwing();
		ordering();
		threading();
		calling();
	}
	return report_cpu();
}
