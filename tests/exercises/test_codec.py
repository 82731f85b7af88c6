"""Plain data crosses whole and harmless: round trips, what is refused with which words, and frames written by an enemy."""

import contextlib
import math
import socket
import struct
import subprocess
import sys
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lecture_optim.check import codec
from lecture_optim.check.codec import Channel, DecodeError, EncodeError, Expression, FrameError, Limits, decode, encode

DTYPES = ["?", "i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "f2", "f4", "f8", "c8", "c16"]
arrays = st.sampled_from(DTYPES).flatmap(
    lambda t: hnp.arrays(t, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))
)
leaves = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**199), 2**199), st.floats(), st.complex_numbers(), st.text(max_size=20), arrays
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.lists(inner, max_size=4).map(tuple),
        st.dictionaries(st.text(max_size=5), inner, max_size=4),
    ),
    max_leaves=12,
)


def same(a, b):
    """Equal in type and to the last bit (NaN too), to any depth."""
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, float):
        return struct.pack("d", a) == struct.pack("d", b)
    if isinstance(a, complex):
        return same(a.real, b.real) and same(a.imag, b.imag)
    return a == b


# -------------------------------------------------------------------------------------------------------------------- round trips


@given(values)
def test_plain_data_comes_back_the_same(value):
    assert same(decode(encode(value)), value)


@given(values)
def test_the_bytes_of_a_value_are_its_own(value):
    """What is decoded is encoded to the same bytes, so that a value has one form only."""
    data = encode(value)
    assert encode(decode(data)) == data


@pytest.mark.parametrize("value", [0.0, -0.0, math.inf, -math.inf, math.nan, 5e-324, complex(-0.0, math.nan)])
def test_every_float_keeps_its_bits(value):
    assert same(decode(encode(value)), value)
    assert same(decode(encode(np.array([value, value]))), np.array([value, value]))


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (3, 0, 2), (1, 1, 1), (2,) * 10])
def test_arrays_of_every_shape(shape):
    array = np.arange(math.prod(shape), dtype=float).reshape(shape)
    assert same(decode(encode(array)), array)


def test_layout_is_not_value():
    """Fortran order, strides and foreign byte order come back as the same numbers in C order and native byte order."""
    base = np.arange(24.0).reshape(4, 6)
    for array in (
        np.asfortranarray(base),
        base.T,
        base[::2, ::-3],
        base.astype(">f8"),
        base.astype(">i4"),
        np.broadcast_to(1.5, (3, 2)),
    ):
        back = decode(encode(array))
        assert back.flags.c_contiguous
        assert back.dtype.isnative
        assert np.array_equal(back, array)
        assert (back.dtype.kind, back.dtype.itemsize) == (array.dtype.kind, array.dtype.itemsize)


@pytest.mark.parametrize(
    "array", [np.arange(3.0), np.zeros((2, 0)), np.array(2), np.array([True, False]), np.arange(4, dtype=">i4")]
)
def test_decoded_arrays_are_read_only_for_good(array):
    back = decode(encode(array))
    assert not back.flags.writeable
    with pytest.raises(ValueError, match="WRITEABLE"):
        back.flags.writeable = True
    with pytest.raises(ValueError, match="WRITEABLE"):
        back.view().flags.writeable = True
    with pytest.raises(ValueError, match="read-only"):
        back[...] = 0
    with pytest.raises(ValueError, match="read-only"):
        back += 1


def test_numpy_scalars_cross_as_numbers():
    for scalar, plain in [
        (np.float64(0.1), 0.1), (np.float32(0.1), float(np.float32(0.1))), (np.float16(0.5), 0.5), (np.int8(-3), -3),
        (np.uint64(2**63), 2**63), (np.bool_(True), True), (np.complex64(1j), 1j), (np.str_("a"), "a"), (np.array([1.5])[0], 1.5),
    ]:  # fmt: skip
        assert same(decode(encode(scalar)), plain)


def test_subclasses_cross_as_what_they_extend_and_none_of_their_methods_is_called():
    def trap(self, *args):
        raise AssertionError("a method of a subclass was called")

    names = [
        "__int__",
        "__index__",
        "__float__",
        "__complex__",
        "__str__",
        "__repr__",
        "__iter__",
        "__len__",
        "__getitem__",
        "__eq__",
        "__bool__",
        "items",
        "keys",
        "copy",
        "__array__",
        "__array_interface__",
        "tobytes",
        "astype",
        "encode",
        "bit_length",
        "to_bytes",
        "__class__",
        "real",
        "imag",
        "view",
        "shape",
    ]
    traps = {
        name: property(trap) if name in ("__class__", "__array_interface__", "real", "imag", "shape") else trap for name in names
    }
    traps["__hash__"] = lambda self: 1

    def extended(base):
        return type("Trapped", (base,), dict(traps))

    array = np.arange(3.0).view(extended(np.ndarray))
    made = [
        (extended(int)(5), 5), (extended(float)(-0.0), -0.0), (extended(complex)(2j), 2j), (extended(str)("é"), "é"),
        (extended(list)([1, 2]), [1, 2]), (extended(tuple)((1, 2)), (1, 2)), (extended(dict)(a=1), {"a": 1}),
        (array, np.arange(3.0)),
    ]  # fmt: skip
    for value, plain in made:
        assert same(decode(encode([value])), [plain])
        assert same(decode(encode({"k": (value,)})), {"k": (plain,)})


def test_expressions_cross_as_text_and_truth_values_as_bool():
    x = sp.Symbol("x", positive=True)
    back = decode(encode({"e": [x**2 + sp.Rational(1, 3), x > 1], "t": sp.S.true, "n": sp.Integer(3)}))
    assert back == {"e": [Expression("x**2 + 1/3"), Expression("x > 1")], "t": True, "n": Expression("3")}
    assert decode(encode(Expression("anything"))) == Expression("anything")
    with pytest.raises(EncodeError, match="longer than 20000 characters"):
        encode(sp.Symbol("y" * 20_001))


@pytest.mark.parametrize("value", [2**200 - 1, -(2**200) + 1, 127, 128, -128, -129, 0])
def test_the_largest_integers_and_those_at_the_edge_of_a_byte_cross(value):
    assert same(decode(encode(value)), value)


def test_a_value_of_just_what_may_cross_crosses_on_both_sides():
    text = "x" * 100
    size = len(encode(text))
    assert decode(encode(text, Limits(bytes=size)), Limits(bytes=size)) == text
    with pytest.raises(EncodeError, match=f"more than the {size - 1} bytes"):
        encode(text, Limits(bytes=size - 1))
    with pytest.raises(DecodeError, match=f"{size} bytes, more than {size - 1}"):
        decode(encode(text), Limits(bytes=size - 1))
    array = np.zeros(50)
    size = len(encode(array))
    assert same(decode(encode(array, Limits(bytes=size)), Limits(bytes=size)), array)
    assert decode(encode([1, 2], Limits(items=3)), Limits(items=3)) == [1, 2]
    with pytest.raises(EncodeError, match="more than 2 values in one"):
        encode([1, 2], Limits(items=2))
    word = Expression("y" * 9)
    assert decode(encode(word, Limits(expression=9)), Limits(expression=9)) == word
    with pytest.raises(DecodeError, match="longer than 8 characters"):
        decode(encode(word), Limits(expression=8))


def test_arrays_of_up_to_32_axes_cross():
    assert decode(encode(np.zeros((1,) * 32))).shape == (1,) * 32
    with pytest.raises(EncodeError, match="33 axes, more than 32"):
        encode(np.zeros((1,) * 33))


def test_truth_in_bytes_beyond_0_and_1_is_truth():
    array = np.array([0, 1, 2, 255], np.uint8).view(bool)
    assert same(decode(encode(array)), np.array([False, True, True, True]))


def test_keys_that_only_claim_to_differ_are_refused():
    class Key(str):
        __hash__ = object.__hash__

        def __eq__(self, other):
            return self is other

    with pytest.raises(EncodeError, match="a dict has the key 'a' twice"):
        encode({Key("a"): 1, Key("a"): 2})


def test_neither_the_package_nor_sympy_is_needed():
    """The file alone, as the worker loads it."""
    code = (
        f"import importlib.util as u, sys; s = u.spec_from_file_location('codec', {codec.__file__!r}); m = u.module_from_spec(s);"
        "sys.modules['codec'] = m; s.loader.exec_module(m); m.decode(m.encode([1.5, 'a'])); "
        "sys.exit(any(name.partition('.')[0] in ('sympy', 'lecture_optim') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=Path("/")).returncode == 0


# ---------------------------------------------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({1, 2}, "set is not plain data .*: sort it into a list"),
        (range(3), "range is not plain data .*: make it a list"),
        (b"ab", "bytes is not plain data"),
        (object(), "object is not plain data"),
        (len, "builtin_function_or_method is not plain data"),
        (lambda: 0, "function is not plain data .*: call it first"),
        (2**200, "an integer of 201 bits is beyond the 200 that may cross: use float"),
        (-(10**4000), "an integer of 13288 bits"),
        ("\ud800", "half of a surrogate pair"),
        ({1: 2}, "a key of type int: keys must be text"),
        (np.longdouble(1), r"longdouble is not plain data: use float\(\)"),
        (np.zeros(2, np.longdouble), r"dtype \w+ is not plain data: use astype\(float\)"),
        (np.zeros(2, np.clongdouble), r"is not plain data: use astype\(float\)"),
        (np.array([1, None]), "dtype object is not plain data: make it an array of numbers, or a list"),
        (np.array(["a"]), "dtype <U1 is not plain data"),
        (sp.Symbol("x") * np.ones(2), "are expressions. Has a cell given the name of a symbol to an array?"),
        (np.zeros(2, [("a", "f8")]), "is not plain data: make it"),
        (np.datetime64(3, "s"), "datetime64 is not plain data"),
        (np.zeros(2, "M8[s]"), "is not plain data"),
        (np.ma.zeros(3), "masked array is not plain data: use its filled"),
        ([0, {"a": [1, {2}]}], "item 1: set is not plain data"),
        (np.broadcast_to(0.0, (10**9, 10**6)), "more than the 16777216 bytes"),
        ("x" * (17 * 2**20), "more than the 16777216 bytes"),
        ([0] * 200_001, "more than 200000 values in one: put numbers into a NumPy array"),
    ],
)
def test_refused_with_the_mend(value, said):
    with pytest.raises(EncodeError, match=said):
        encode(value)


def test_what_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    with pytest.raises(EncodeError, match="nested deeper than 32 levels, or holding itself"):
        encode(loop)


def test_depth_is_counted_alike_on_both_sides():
    deep = 0
    for _ in range(32):
        deep = [deep]
    assert decode(encode(deep)) == deep
    with pytest.raises(EncodeError, match="deeper"):
        encode([deep])
    with pytest.raises(DecodeError, match="deeper"):
        decode(b"l\0\0\0\1" + encode(deep))


def test_a_forged_class_does_not_pass_for_a_number():
    class Number:
        __class__ = float

    with pytest.raises(EncodeError, match="Number is not plain data"):
        encode(Number())


# -------------------------------------------------------------------------------------------------------------- bytes of an enemy


@given(st.binary(max_size=300))
@settings(max_examples=500)
def test_random_bytes_raise_the_codecs_own_error_only(data):
    with contextlib.suppress(DecodeError):
        decode(data)


@given(values, st.data())
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
def test_damaged_bytes_raise_the_codecs_own_error_only(value, draw):
    data = bytearray(encode(value))
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    cut = draw.draw(st.integers(0, len(data)))
    for piece in (bytes(data), bytes(data[:cut]), bytes(data[cut:])):
        with contextlib.suppress(DecodeError):
            decode(piece)


MANY = struct.pack(">I", 10**9)
HOSTILE = {
    "nothing": b"",
    "10**9 items": b"l" + MANY,
    "10**9 items, some there": b"l" + MANY + b"N" * 1000,
    "10**9 entries": b"d" + MANY + b"\0\0\0\1aN",
    "a text of 10**9 bytes": b"s" + MANY + b"a",
    "a tuple of 2**32 - 1": b"t\xff\xff\xff\xff",
    "an int of 255 bytes": b"i\xff" + b"\x7f" * 255,
    "an int not in its shortest form": b"i\x02\0\1",
    "an array of 2**63 floats": b"ad\1" + struct.pack(">Q", 2**63),
    "a product beyond 2**64": b"ad\2" + struct.pack(">QQ", 2**33, 2**33),
    "zero times a lot": b"ad\2" + struct.pack(">QQ", 0, 2**64 - 1),
    "a lot of axes": b"ad\xff" + bytes(8 * 255),
    "33 axes": b"ad\x21" + struct.pack(">Q", 1) * 33 + bytes(8),
    "objects": b"aO\1" + struct.pack(">Q", 1) + bytes(8),
    "a bool of 2": b"a?\1" + struct.pack(">Q", 3) + b"\0\2\1",
    "deep": b"l\0\0\0\1" * 100_000 + b"N",
    "wide and nested": (b"l\0\0\0\2" * 30 + b"N") * 20,
    "more items than the limit": b"l" + struct.pack(">I", 300_000) + b"N" * 300_000,
    "keys twice": b"d\0\0\0\2" + b"\0\0\0\1aN" * 2,
    "half a character": b"s\0\0\0\1\xc3",
    "a surrogate": b"s\0\0\0\3\xed\xa0\x80",
    "more than one value": b"NN",
    "an unknown tag": b"p",
    "a pickle": b"\x80\x04\x95\x0b\x00\x00\x00\x00\x00\x00\x00\x8c\x02os\x94.",
    "a long expression": b"x" + struct.pack(">I", 30_000) + b"y" * 30_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_are_refused_at_once_and_without_memory(name):
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(DecodeError):
        decode(HOSTILE[name])
    seconds, (_, peak) = time.process_time() - started, tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 8 * 2**20
    assert seconds < 2.0


def test_the_limits_are_those_that_are_given():
    small = Limits(bytes=100, items=3)
    with pytest.raises(EncodeError):
        encode("x" * 100, small)
    with pytest.raises(DecodeError, match="more than 100"):
        decode(encode("x" * 100), small)
    with pytest.raises(DecodeError, match="more than 3 values"):
        decode(encode([1, 2, 3]), small)


# ------------------------------------------------------------------------------------------------------------------------- frames


@pytest.fixture
def pair():
    a, b = socket.socketpair()
    yield Channel(a), b
    a.close()
    b.close()


def soon(seconds=0.3):
    return time.monotonic() + seconds


def test_values_cross_in_frames_however_large(pair):
    channel, other = pair
    array = np.arange(10**6, dtype=float)  # beyond the buffer of a socket
    thread = threading.Thread(target=Channel(other).send, args=({"a": array},))
    thread.start()
    assert np.array_equal(channel.receive(soon(30))["a"], array)
    thread.join()


def test_a_frame_that_trickles_in_gains_no_time(pair):
    channel, other = pair

    def trickle():
        try:
            for byte in struct.pack(">I", 1000) + bytes(1000):
                other.send(bytes([byte]))
                time.sleep(0.02)
        except OSError:
            pass

    thread = threading.Thread(target=trickle)
    started = time.monotonic()
    thread.start()
    with pytest.raises(FrameError, match="in time"):
        channel.receive(soon())
    assert time.monotonic() - started < 2.0
    channel.close()
    thread.join()


@pytest.mark.parametrize("sent", [b"\xff\xff\xff\xff", struct.pack(">I", 3) + b"abc", struct.pack(">I", 0)])
def test_a_forged_frame_ends_the_channel_with_a_reason(pair, sent):
    channel, other = pair
    other.send(sent)
    with pytest.raises(FrameError, match="the other side"):
        channel.receive(soon())


def test_one_who_is_silent_gone_or_does_not_read(pair):
    channel, other = pair
    with pytest.raises(FrameError, match="no answer in time"):
        channel.receive(soon(0.1))
    with pytest.raises(FrameError, match="does not read"):
        channel.send(np.zeros(10**6), soon(0.2))
    other.close()
    with pytest.raises(FrameError, match="gone"):
        channel.send(np.zeros(10**6), soon())


def test_what_cannot_be_encoded_is_not_sent(pair):
    channel, other = pair
    with pytest.raises(EncodeError):
        channel.send({1})
    channel.send(1, soon())
    assert Channel(other).receive(soon()) == 1
