"""The secret of a class: nobody else can read it or guess it, and none is ever lost."""

import os
import stat

import pytest

from lecture_optim.grading.seeds import Refused, make_seed, read_seed


def test_a_seed_is_of_its_owner_alone_whatever_the_mask_and_no_two_are_alike(tmp_path):
    before = os.umask(0)
    try:
        for name in ("a", "b"):
            make_seed(tmp_path / name)
    finally:
        os.umask(before)
    assert {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"} == {0o600}
    first, second = (read_seed(tmp_path / name) for name in "ab")
    assert first != second and len(first) == len(second) == 64 and set(first) <= set(b"0123456789abcdef")


def test_a_seed_is_never_written_over_nor_through_a_link(tmp_path):
    make_seed(tmp_path / "a")
    seed = (tmp_path / "a").read_bytes()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for name in ("a", "link"):
        with pytest.raises(Refused, match="exists, and a seed is never overwritten; choose another name"):
            make_seed(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == seed and not (tmp_path / "elsewhere").exists()
    with pytest.raises(Refused, match="it cannot be written: No such file or directory; choose another place by --to"):
        make_seed(tmp_path / "none" / "a")


@pytest.mark.parametrize("bit", [0o040, 0o020, 0o010, 0o004, 0o002, 0o001])
def test_a_seed_that_anybody_else_can_read_write_or_run_is_refused(tmp_path, bit):
    file = tmp_path / "a"
    make_seed(file)
    file.chmod(0o600 | bit)
    with pytest.raises(Refused, match=r"others can read or write this seed, .* mend it with: chmod 600"):
        read_seed(file)
    file.chmod(0o400)
    assert len(read_seed(file)) == 64


@pytest.mark.parametrize(("text", "length"), [(b"x" * 31, 31), (b" \n" * 40 + b"x" * 31 + b"\n" * 9, 31), (b"", 0)])
def test_a_seed_too_short_to_be_a_secret_is_refused(tmp_path, text, length):
    file = tmp_path / "a"
    file.touch(mode=0o600)
    file.write_bytes(text)
    with pytest.raises(Refused, match=f"it has {length} characters, and a seed needs 32, which nobody can guess; make one with"):
        read_seed(file)


def test_a_line_break_that_an_editor_adds_makes_no_other_seed(tmp_path):
    seeds = []
    for name, end in (("a", b""), ("b", b"\n"), ("c", b"\r\n")):
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_bytes(b"x" * 32 + end)
        seeds.append(read_seed(tmp_path / name))
    assert seeds == [b"x" * 32] * 3
