# A cache of answers that is used for a second. It knows 8 questions, unless LEAK is set in the environment: then every
# question is a new one, and one can see the assertion of conftest.py fail, while the test itself passes.
import os, time

answers = {}

def ask(question):
    if question not in answers:
        answers[question] = b"x" * 128 * 1024
    return answers[question]

def test_cache():
    for n in range(100):
        assert ask(n if "LEAK" in os.environ else n % 8)[0] == ord("x")
        time.sleep(0.01)
