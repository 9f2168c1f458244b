# Tells pagetop where each test begins and ends; outside of pagetop run it does nothing:
#   pagetop run --assert 'at("test_cache ends", anon) - at("test_cache begins", anon) < 5M' -- python3 -m pytest
import os, socket
import pytest

def mark(label):
    if "PAGETOP_MARK" in os.environ:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as pagetop:
            pagetop.sendto(label.encode(), os.environ["PAGETOP_MARK"])

@pytest.fixture(autouse=True)
def memory_marks(request):
    mark(request.node.name + " begins")
    yield
    mark(request.node.name + " ends")
