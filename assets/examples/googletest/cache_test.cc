// Tells pagetop where each test of GoogleTest begins and ends; outside of pagetop run it does nothing:
//   c++ -I ../.. cache_test.cc -lgtest -pthread -o cache_test
//   pagetop run --assert 'at("KeepsItsSize ends", anon) - at("KeepsItsSize begins", anon) < 5M' -- ./cache_test
#include "pagetop-mark.h"
#include <gtest/gtest.h>
#include <map>
#include <string>

struct Marks : testing::EmptyTestEventListener {
	void OnTestStart(const testing::TestInfo &test) override { mark(test, " begins"); }
	void OnTestEnd(const testing::TestInfo &test) override { mark(test, " ends"); }
	static void mark(const testing::TestInfo &test, const char *what) { pagetop_mark((std::string(test.name()) + what).c_str()); }
};

// A cache of answers that is used for a second. It knows 8 questions, unless LEAK is set in the environment: then every
// question is a new one, and one can see the assertion fail, while the test itself passes.
TEST(Cache, KeepsItsSize)
{
	static std::map<int, std::string> answers;
	for (int n = 0; n < 100; n++) {
		answers.emplace(getenv("LEAK") ? n : n % 8, std::string(128 << 10, 'x'));
		usleep(10000);
	}
}

int main(int argc, char **argv)
{
	testing::InitGoogleTest(&argc, argv);
	testing::UnitTest::GetInstance()->listeners().Append(new Marks);
	return RUN_ALL_TESTS();
}
