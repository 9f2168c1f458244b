/*
 * Known leaks: C++ containers, classes with several bases, arrays with cookies, strings, shared ownership. The truth is
 * told by operator new, as long as a tier is set, and by operator delete.
 */
#include "truth.h"

#include <any>
#include <deque>
#include <exception>
#include <forward_list>
#include <functional>
#include <future>
#include <list>
#include <map>
#include <memory>
#include <memory_resource>
#include <new>
#include <set>
#include <stdexcept>
#include <stdlib.h>
#include <string>
#include <thread>
#include <unistd.h>
#include <unordered_map>
#include <vector>

static const char *tier; /* of what is allocated now; null: not told */

static void *told(void *object)
{
	if (!object)
		fail("malloc");
	if (tier)
		truth(tier, object);
	return object;
}
void *operator new(size_t size)
{
	return told(calloc(1, size));
}
void *operator new[](size_t size)
{
	return told(calloc(1, size));
}
void *operator new(size_t size, std::align_val_t by)
{
	return told(aligned_alloc((size_t)by, (size + (size_t)by - 1) & ~((size_t)by - 1)));
}
void *operator new[](size_t size, std::align_val_t by)
{
	return operator new(size, by);
}
static void untold(void *object)
{
	if (object && tier)
		truth("freed", object);
	free(object);
}
void operator delete(void *object) noexcept
{
	untold(object);
}
void operator delete[](void *object) noexcept
{
	untold(object);
}
void operator delete(void *object, size_t) noexcept
{
	untold(object);
}
void operator delete[](void *object, size_t) noexcept
{
	untold(object);
}
void operator delete(void *object, std::align_val_t) noexcept
{
	untold(object);
}
void operator delete[](void *object, std::align_val_t) noexcept
{
	untold(object);
}
void operator delete(void *object, size_t, std::align_val_t) noexcept
{
	untold(object);
}
void operator delete[](void *object, size_t, std::align_val_t) noexcept
{
	untold(object);
}

static void *volatile alive[64];

/* Makes it once to be lost and once to be kept. */
template <typename Make> NEVER_INLINED static void both(unsigned slot, Make make)
{
	tier = "leaked";
	make();
	wipe(); /* lest what is made next has old pointers in its gaps */
	tier = "live";
	alive[slot] = make();
	tier = nullptr;
	wipe();
}

/* ---- containers ------------------------------------------------------------------------------------------------- */

static std::string name_of(size_t i)
{
	return i % 2 ? "short" : "a name that does not fit into the string itself: " + std::to_string(i);
}

NEVER_INLINED static void containers()
{
	size_t n = scaled(1000);
	unsigned slot = 0;
	both(slot++, [n] {
		auto all = new std::vector<std::string>;
		for (size_t i = 0; i < n; i++)
			all->push_back(name_of(i));
		return (void *)all;
	});
	both(slot++, [n] {
		auto all = new std::map<std::string, std::vector<int>>;
		for (size_t i = 0; i < n; i++)
			(*all)["key of the map " + name_of(i)] = std::vector<int>(1 + i % 50);
		return (void *)all;
	});
	both(slot++, [n] {
		auto all = new std::unordered_map<size_t, std::string>;
		for (size_t i = 0; i < n; i++)
			all->emplace(i, name_of(i));
		return (void *)all;
	});
	both(slot++, [n] {
		auto all = new std::list<std::string>;
		for (size_t i = 0; i < n; i++)
			all->push_back(name_of(i));
		return (void *)all;
	});
	both(slot++, [n] {
		auto all = new std::deque<std::string>;
		for (size_t i = 0; i < n; i++)
			i % 3 ? all->push_back(name_of(i)) : all->push_front(name_of(i));
		return (void *)all;
	});
	both(slot++, [n] {
		auto all = new std::forward_list<std::set<size_t>>;
		for (size_t i = 0; i < n / 4 + 1; i++)
			all->push_front({i, i + 1, i + 2});
		return (void *)all;
	});
	both(slot++, [n] {
		auto all = new std::vector<std::any>;
		for (size_t i = 0; i < n; i++)
			all->push_back(name_of(i));
		return (void *)all;
	});
	both(slot++, [n] {
		auto all = new std::vector<std::function<size_t()>>;
		for (size_t i = 0; i < n; i++)
			all->push_back([i, name = name_of(i)] { return i + name.size(); });
		return (void *)all;
	});
	both(slot++, [n] {
		auto pool = new std::pmr::monotonic_buffer_resource;
		auto all = new std::pmr::vector<std::pmr::string>(pool);
		for (size_t i = 0; i < n; i++)
			all->emplace_back(name_of(i).c_str());
		return (void *)all;
	});
}

/* ---- classes ---------------------------------------------------------------------------------------------------- */

struct shape {
	virtual ~shape() {}
	uint64_t color = 1;
};
struct named {
	virtual ~named() {}
	std::string name = "a name that is too long to be kept in place";
};
struct circle : shape, named {
	double radius = 1;
};
struct node_base {
	virtual ~node_base() {}
	uint64_t id = 2;
};
struct left_node : virtual node_base {
	uint64_t l = 3;
};
struct right_node : virtual node_base {
	uint64_t r = 4;
};
struct diamond : left_node, right_node {
	std::unique_ptr<circle> inside = std::make_unique<circle>();
};
struct alignas(64) wide {
	~wide() { number = 0; }
	uint64_t number = 5;
	std::unique_ptr<shape> inside = std::make_unique<shape>();
};

template <typename Pointer, typename Make> NEVER_INLINED static void many(unsigned slot, size_t n, Make make)
{
	tier = "leaked";
	for (size_t i = 0; i < n; i++)
		make();
	wipe();
	tier = "live";
	auto all = new std::vector<Pointer>;
	for (size_t i = 0; i < n; i++)
		all->push_back(make());
	alive[slot] = all;
	tier = nullptr;
	wipe();
}

/* Held by a base that is not where the object begins; arrays behind a cookie. */
NEVER_INLINED static void classes()
{
	size_t n = scaled(2000);
	many<named *>(0, n, []() -> named * { return new circle; });
	many<node_base *>(1, n, []() -> node_base * { return new diamond; });
	many<right_node *>(2, n, []() -> right_node * { return new diamond; });
	many<circle *>(3, n / 10 + 1, [] { return new circle[7]; });
	many<std::string *>(4, n / 10 + 1, [] { return new std::string[9]; });
	many<wide *>(5, n / 10 + 1, [] { return new wide[3]; });
	many<std::string *>(6, n, [] { return new std::string("short"); }); /* points at itself */
}

/* ---- shared ownership ------------------------------------------------------------------------------------------- */

struct parent;
struct child {
	std::shared_ptr<parent> up;
	std::weak_ptr<child> self;
	char rest[40];
};
struct parent : std::enable_shared_from_this<parent> {
	std::vector<std::shared_ptr<child>> children;
	std::weak_ptr<parent> next;
};

static std::shared_ptr<parent> family()
{
	auto top = std::make_shared<parent>();
	for (int i = 0; i < 5; i++) {
		auto one = i % 2 ? std::make_shared<child>() : std::shared_ptr<child>(new child);
		one->up = top;
		one->self = one;
		top->children.push_back(one);
	}
	top->next = top;
	return top;
}

static std::vector<std::shared_ptr<parent>> families;
static std::vector<std::weak_ptr<parent>> observed; /* counts that are alive, of objects that were destroyed */

NEVER_INLINED static void shared()
{
	size_t n = scaled(1000);
	tier = "leaked";
	for (size_t i = 0; i < n; i++)
		family();
	wipe();
	tier = "live";
	for (size_t i = 0; i < n; i++)
		families.push_back(family());
	for (size_t i = 0; i < n; i++)
		observed.push_back(std::make_shared<parent>());
	tier = nullptr;
}

/* ---- exceptions, threads ---------------------------------------------------------------------------------------- */

static std::vector<std::exception_ptr> thrown;
static std::vector<std::future<std::string>> futures;

NEVER_INLINED static void exceptions()
{
	for (size_t i = 0; i < scaled(500); i++) {
		try {
			throw std::runtime_error("an exception that is kept, with a text of its own");
		} catch (...) {
			thrown.push_back(std::current_exception()); /* points behind the header of what malloc gave */
		}
		tier = "leaked";
		new std::runtime_error("one that nobody catches, with a text");
		tier = nullptr;
	}
	for (size_t i = 0; i < 8; i++)
		futures.push_back(std::async(std::launch::deferred, name_of, i));
	static std::thread waiting([] {
		thread_is_ready();
		for (;;)
			pause();
	});
	wait_for_threads(1);
}

const struct scene scenes[] = {{"containers", containers},
			       {"classes", classes},
			       {"shared", shared},
			       {"exceptions", exceptions},
			       {nullptr, nullptr}};
