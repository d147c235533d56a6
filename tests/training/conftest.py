"""What the tests of the training share: one thread and one seed for torch."""

from importlib.util import find_spec

import pytest


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """These networks are too small for two, and the tests run side by side."""
    if find_spec("torch") is None:
        yield
        return
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True)
def seeded():
    """The same random weights, whichever tests ran before."""
    if find_spec("torch") is not None:
        import torch

        torch.manual_seed(0)
