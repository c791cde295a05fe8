import resource
from contextlib import contextmanager


@contextmanager
def limited(what, limit):
    soft, hard = resource.getrlimit(what)
    resource.setrlimit(what, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(what, (soft, hard))
