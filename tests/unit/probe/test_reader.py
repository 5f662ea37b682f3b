import pytest

from harness.probe.reader import WIDTH, ranges_of


@pytest.mark.parametrize(
    ("addresses", "ranges"),
    [
        ([], []),
        ([0x1000], [(0x1000, 0x1004)]),
        ([0x2000, 0x1000], [(0x1000, 0x1004), (0x2000, 0x2004)]),
        ([0x1000, 0x1004, 0x100A], [(0x1000, 0x1008), (0x100A, 0x100E)]),
        (range(0x1000, 0x1040, 2), [(0x1000, 0x1042)]),
    ],
)
def test_neighbours_share_a_range(addresses: list[int], ranges: list[tuple[int, int]]) -> None:
    found = ranges_of(addresses)
    assert found == ranges
    assert all(any(start <= address and address + WIDTH <= end for start, end in found) for address in addresses)
