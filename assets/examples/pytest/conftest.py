# Tells pagetop where each test begins and ends; outside of pagetop run it does nothing:
#   pagetop run --assert 'at("test_cache ends", anon) - at("test_cache begins", anon) < 5M' -- python3 -m pytest
import os, select, socket
import pytest

def mark(label):
    if "PAGETOP_MARK" in os.environ:
        ours, theirs = socket.socketpair()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as pagetop, ours:
            pagetop.connect(os.environ["PAGETOP_MARK"])
            socket.send_fds(pagetop, [label.encode()], [theirs.fileno()])
            theirs.close()
            select.select([ours], [], [], 1)  # until pagetop has looked, and closes it

@pytest.fixture(autouse=True)
def memory_marks(request):
    mark(request.node.name + " begins")
    yield
    mark(request.node.name + " ends")
