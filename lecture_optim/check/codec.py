"""Plain data to bytes and back, and the frames in which the bytes cross a socket: what both sides of a graded answer speak.

Plain data is None, bool, int below 2**200 in size, float (NaN and infinity too), complex, str, list, tuple, dict with str keys,
and NumPy arrays of bool, int, uint, float16 to float64, complex64 and complex128, to any depth within `Limits`. What is not
plain is refused, with two kindnesses: an instance of a subclass of a plain type is sent as the plain type (through the methods
of the plain type itself, so that no overridden method is called), and a NumPy scalar is sent as the Python number of the same
value. A SymPy expression or relation crosses as its text, an `Expression`, and is never rebuilt here. longdouble is refused, as
it is another type on each machine. What crosses is the value: an array arrives in C order and native byte order, and read-only
for good.

No byte sequence makes `decode` raise anything but `DecodeError`, run code, or make more objects than `Limits.items`. This file
needs NumPy and the standard library alone: the jailed worker loads it without its package.
"""

import math
import socket
import struct
import sys
import time
import types
from dataclasses import dataclass

import numpy as np

__all__ = [
    "Channel", "CodecError", "DecodeError", "EncodeError", "Expression", "FrameError", "Limits", "changed", "decode", "encode",
]  # fmt: skip


class CodecError(ValueError):
    """The value or the bytes are not what this codec carries."""


class EncodeError(CodecError):
    """A value is not plain data, or beyond a limit; the message says which part of it, and the mend."""


class DecodeError(CodecError):
    """Bytes that no `encode` with these limits wrote."""


class FrameError(Exception):
    """The other side of a channel is gone, late, or does not keep to the protocol."""


@dataclass(frozen=True)
class Limits:
    """What one value may take: bytes in all, levels of nesting, values in all, characters of an expression, bits of an int."""

    bytes: int = 16 * 2**20
    depth: int = 32
    items: int = 200_000
    expression: int = 20_000
    bits: int = 200


LIMITS = Limits()


@dataclass(frozen=True)
class Expression:
    """A SymPy expression or relation as the text that SymPy prints for it: untrusted text, which nothing here evaluates."""

    text: str


DTYPES = dict(
    zip(
        b"?bBhHiIqQefdFD",
        (np.dtype(t) for t in ["?", "i1", "u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"]),
        strict=True,
    )
)
CODES = {(dtype.kind, dtype.itemsize): code for code, dtype in DTYPES.items()}
COUNT = struct.Struct(">I")
FLOAT, COMPLEX = struct.Struct(">d"), struct.Struct(">dd")
MOST_AXES = 32
HINTS = {
    "set": "sort it into a list", "frozenset": "sort it into a list", "range": "make it a list",
    "bytes": "a text is str", "generator": "make it a list", "map": "make it a list", "zip": "make it a list",
    "Series": "use its to_numpy()", "DataFrame": "use its to_numpy()", "dict_keys": "make it a list",
    "dict_values": "make it a list", "function": "call it first",
    "type": "make an instance, and return numbers of it", "Fraction": "use float()", "Decimal": "use float()",
}  # fmt: skip


OVERWRITTEN = "Has a cell given the name of a symbol to an array? Make the symbols anew where they are used"


# ---------------------------------------------------------------------------------------------------------------- values to bytes


def encode(value, limits=LIMITS):
    """The bytes of a value of plain data. Raises EncodeError, which names what is not plain or too large, and the mend."""
    writer = _Writer(limits)
    writer.write(value, 0)
    return b"".join(writer.parts)


class _Writer:
    def __init__(self, limits):
        self.limits, self.parts, self.size, self.items = limits, [], 0, 0

    def put(self, *parts):
        self.size += sum(map(len, parts))
        if self.size > self.limits.bytes:
            raise EncodeError(f"the value takes more than the {self.limits.bytes} bytes that may cross")
        self.parts += parts

    def write(self, value, depth):
        self.items += 1
        if self.items > self.limits.items:
            raise EncodeError(f"more than {self.limits.items} values in one: put numbers into a NumPy array, which counts as one")
        if depth > self.limits.depth:
            raise EncodeError(f"nested deeper than {self.limits.depth} levels, or holding itself")
        kind = type(value)  # never value.__class__, which an object may forge
        if value is None:
            self.put(b"N")
        elif kind is bool:
            self.put(b"T" if value else b"F")
        elif issubclass(kind, int):
            self.put(*_int_parts(int.__int__(value), self.limits))
        elif issubclass(kind, float):
            self.put(b"f", FLOAT.pack(float.__float__(value)))
        elif issubclass(kind, complex):
            value = complex.__complex__(value)
            self.put(b"c", COMPLEX.pack(value.real, value.imag))
        elif issubclass(kind, str):
            self.text(b"s", str.__str__(value))
        elif issubclass(kind, (list, tuple)):
            plain = list.copy(value) if issubclass(kind, list) else tuple.__getitem__(value, slice(None))
            self.put(b"l" if issubclass(kind, list) else b"t", COUNT.pack(min(len(plain), 2**32 - 1)))
            for k, item in enumerate(plain):
                self.part(item, depth, k)
        elif issubclass(kind, dict):
            self.dict(list(dict.items(value)), depth)
        elif issubclass(kind, np.ndarray):
            self.array(value)
        elif issubclass(kind, np.generic):
            self.scalar(value, depth)
        elif kind is Expression:
            self.expression(value.text)
        elif _is_sympy(kind):
            self.sympy(value, depth)
        else:
            name = kind.__name__ if isinstance(kind.__name__, str) else "object"
            hint = f": {HINTS[name]}" if name in HINTS else ""
            raise EncodeError(f"{name[:60]} is not plain data (numbers, text, lists, dicts, arrays){hint}")

    def part(self, item, depth, key):
        try:
            self.write(item, depth + 1)
        except EncodeError as error:
            # One place is enough to find it; deeper ones are named first.
            if error.args[0].startswith(("item ", "the value", "more than", "nested")):
                raise
            raise EncodeError(f"item {key!r}: {error}") from None

    def text(self, tag, text):
        try:
            data = text.encode()
        except UnicodeEncodeError:
            raise EncodeError("a text holds half of a surrogate pair, which is no character") from None
        self.put(tag, COUNT.pack(min(len(data), 2**32 - 1)), data)

    def dict(self, items, depth):
        self.put(b"d", COUNT.pack(min(len(items), 2**32 - 1)))
        seen = set()
        for key, item in items:
            if not issubclass(type(key), str):
                raise EncodeError(f"a dict has a key of type {type(key).__name__}: keys must be text")
            key = str.__str__(key)
            if key in seen:  # two keys of a subclass of str, told apart by an overridden __eq__
                raise EncodeError(f"a dict has the key {key[:60]!r} twice")
            seen.add(key)
            self.text(b"", key)
            self.part(item, depth, key[:60])

    def array(self, value):
        if any(base.__name__ == "MaskedArray" for base in type(value).__mro__):
            raise EncodeError("a masked array is not plain data: use its filled()")
        array = np.ndarray.view(value, np.ndarray)  # a plain array of the same memory; calls no method of a subclass
        code = None if array.dtype.char in "gG" else CODES.get((array.dtype.kind, array.dtype.itemsize))
        if code is None:
            hint = ": use astype(float)" if array.dtype.kind in "fc" else ": make it an array of numbers, or a list"
            if array.dtype.kind == "O" and any(_is_sympy(type(entry)) for entry in array.flat[:9]):
                hint = f": its entries are expressions. {OVERWRITTEN}"
            raise EncodeError(f"an array of dtype {array.dtype} is not plain data{hint}")
        if self.size + array.size * array.dtype.itemsize > self.limits.bytes:  # before any copy: a view may be vast
            raise EncodeError(f"the value takes more than the {self.limits.bytes} bytes that may cross")
        if array.ndim > MOST_AXES:
            raise EncodeError(f"an array has {array.ndim} axes, more than {MOST_AXES}")
        data = array.astype(DTYPES[code], order="C", copy=False).tobytes("C")
        if array.dtype.kind == "b":  # a view of other memory as bool may hold bytes beyond 0 and 1
            data = (np.frombuffer(data, np.uint8) != 0).tobytes()
        self.put(b"a", bytes((code, array.ndim)), struct.pack(f">{array.ndim}Q", *array.shape), data)

    def scalar(self, value, depth):
        if value.dtype.char in "gG" or value.dtype.kind not in "biufc":
            hint = ": use float()" if value.dtype.char == "g" else ": use complex()" if value.dtype.char == "G" else ""
            raise EncodeError(f"{type(value).__name__} is not plain data{hint}")
        self.write(np.generic.item(value), depth)

    def expression(self, text):
        if not isinstance(text, str) or len(text) > self.limits.expression:
            raise EncodeError(f"an expression is longer than {self.limits.expression} characters")
        self.text(b"x", str.__str__(text))

    def sympy(self, value, depth):
        try:
            text = str(value)
        except Exception as error:
            raise EncodeError(f"a SymPy expression cannot be printed: {type(error).__name__}") from None
        if text in ("True", "False"):  # SymPy's own truth values, as a relation of numbers gives
            return self.write(text == "True", depth)
        return self.expression(text)


def changed(function, data, arguments, named, limits=LIMITS):
    """Where the arguments of a call are no longer what they were before it, such as "state['t']"; None where they are.

    function: what was called, whose parameters' names are told. data: what `encode` made of (arguments, named) before. An array
    that arrived by `decode` cannot change; a list or dict can, and what stands in it. Values count, and not the order of keys.
    """
    try:
        if encode((arguments, named), limits) == data:
            return None
    except EncodeError:
        pass  # what was plain data is no more
    code = function.__code__ if type(function) is types.FunctionType else None
    names = code.co_varnames[: code.co_argcount] if code else ()
    before, named_before = decode(data, limits)
    places = [names[k][:60] if k < len(names) else f"argument {k + 1}" for k in range(len(before))]
    pairs = [*zip(before, arguments, places, strict=True), *((named_before[key], named[key], key) for key in named_before)]
    return next((found for one, now, place in pairs if (found := _changed(one, now, place, limits))), None)


def _changed(before, now, place, limits):
    if isinstance(before, dict) and type(now) is dict:
        keys = [key for key in now if key not in before] or [key for key in before if key not in now]
        if keys:
            return f"{place}[{keys[0] if isinstance(keys[0], str) else '...'!r}]"[:200]
        return next((found for key in before if (found := _changed(before[key], now[key], f"{place}[{key!r}]", limits))), None)
    if isinstance(before, (list, tuple)) and type(now) is type(before) and len(now) == len(before):
        pairs = enumerate(zip(before, now, strict=True))
        return next((found for k, pair in pairs if (found := _changed(*pair, f"{place}[{k}]", limits))), None)
    try:
        same = encode(before, limits) == encode(now, limits)
    except EncodeError:
        same = False
    return None if same else place[:200]


def _int_parts(value, limits):
    if value.bit_length() > limits.bits:
        raise EncodeError(f"an integer of {value.bit_length()} bits is beyond the {limits.bits} that may cross: use float()")
    data = value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True)
    return b"i", bytes((len(data),)), data


def _is_sympy(kind):
    """Whether a class is an expression or relation of the SymPy that is loaded; SymPy is not imported for that."""
    for module, name in (("sympy.core.expr", "Expr"), ("sympy.logic.boolalg", "Boolean")):
        base = getattr(sys.modules.get(module), name, None)
        if isinstance(base, type) and issubclass(kind, base):
            return True
    return False


# ---------------------------------------------------------------------------------------------------------------- bytes to values


def decode(data, limits=LIMITS):
    """The value of these bytes. Raises DecodeError, and nothing else, for what is not one whole value within the limits."""
    if not isinstance(data, bytes):
        raise DecodeError(f"bytes are decoded, not {type(data).__name__}")
    if len(data) > limits.bytes:
        raise DecodeError(f"{len(data)} bytes, more than {limits.bytes}")
    reader = _Reader(data, limits)
    value = reader.read(0)
    if reader.at != len(data):
        raise DecodeError("more bytes than one value")
    return value


class _Reader:
    def __init__(self, data, limits):
        self.data, self.limits, self.at, self.items = data, limits, 0, 0

    def take(self, count):
        end = self.at + count
        if end > len(self.data):
            raise DecodeError("the bytes end inside a value")
        piece, self.at = self.data[self.at : end], end
        return piece

    def count(self, least):
        """A number of parts that follow, each of at least so many bytes: a lie about it is seen before anything is made."""
        (count,) = COUNT.unpack(self.take(4))
        if count * least > len(self.data) - self.at:
            raise DecodeError("more parts are announced than there are bytes")
        return count

    def text(self):
        try:
            return self.take(self.count(1)).decode()
        except UnicodeDecodeError:
            raise DecodeError("a text is not UTF-8") from None

    def read(self, depth):
        self.items += 1
        if self.items > self.limits.items:
            raise DecodeError(f"more than {self.limits.items} values in one")
        if depth > self.limits.depth:
            raise DecodeError(f"nested deeper than {self.limits.depth} levels")
        tag = self.take(1)
        if tag == b"f":
            return FLOAT.unpack(self.take(8))[0]
        if tag == b"i":
            return self.int()
        if tag in (b"N", b"T", b"F"):
            return {b"N": None, b"T": True, b"F": False}[tag]
        if tag == b"c":
            return complex(*COMPLEX.unpack(self.take(16)))
        if tag == b"s":
            return self.text()
        if tag == b"l":
            return [self.read(depth + 1) for _ in range(self.count(1))]
        if tag == b"t":
            return tuple([self.read(depth + 1) for _ in range(self.count(1))])
        if tag == b"d":
            return self.dict(depth)
        if tag == b"a":
            return self.array()
        if tag == b"x":
            text = self.text()
            if len(text) > self.limits.expression:
                raise DecodeError(f"an expression is longer than {self.limits.expression} characters")
            return Expression(text)
        raise DecodeError(f"no value begins with the byte {tag[0]}")

    def int(self):
        data = self.take(self.take(1)[0])
        value = int.from_bytes(data, "big", signed=True)
        if value.bit_length() > self.limits.bits or len(data) != value.bit_length() // 8 + 1:
            raise DecodeError(f"an integer beyond {self.limits.bits} bits, or not in its shortest form")
        return value

    def dict(self, depth):
        found = {}
        for _ in range(self.count(5)):
            key = self.text()
            if key in found:
                raise DecodeError("a dict has a key twice")
            found[key] = self.read(depth + 1)
        return found

    def array(self):
        code, axes = self.take(2)
        dtype = DTYPES.get(code)
        if dtype is None or axes > MOST_AXES:
            raise DecodeError("an array of an unknown dtype, or with too many axes")
        shape = struct.unpack(f">{axes}Q", self.take(8 * axes))
        size = math.prod(shape)
        if size * dtype.itemsize > len(self.data) - self.at:
            raise DecodeError("an array is announced larger than the bytes that follow")
        data = self.take(size * dtype.itemsize)
        if dtype.kind == "b" and data.strip(b"\0\1"):
            raise DecodeError("a bool that is neither true nor false")
        try:
            # Over bytes, which cannot change, so that no flag makes the array writeable; native again where '<' is not.
            flat = np.frombuffer(data or bytes(dtype.itemsize), dtype)[:size]
            return flat.reshape(shape) if dtype.isnative else _frozen(flat.astype(dtype.newbyteorder("=")).reshape(shape))
        except (ValueError, OverflowError):
            raise DecodeError("an array of an impossible shape") from None


def _frozen(array):
    return np.frombuffer(array.tobytes() or bytes(array.itemsize), array.dtype)[: array.size].reshape(array.shape)


# ------------------------------------------------------------------------------------------------------------------------- frames


class Channel:
    """Values over a stream socket, each in a frame of its length (4 bytes) and its bytes, with a limit and a deadline on each.

    sock: a connected stream socket, owned from now on. A deadline is a time of `time.monotonic`, or None to wait for ever; it
    ends the whole frame, so that a peer that trickles bytes gains no time. Every failure is FrameError, after which the channel
    is of no use, as the two sides may disagree on where a frame begins.
    """

    def __init__(self, sock, limits=LIMITS):
        self.sock, self.limits = sock, limits

    def close(self):
        self.sock.close()

    def send(self, value, deadline=None, fds=()):
        """Send one value, with open file descriptors beside it. Raises EncodeError (nothing is sent then), FrameError."""
        data = encode(value, self.limits)
        data = COUNT.pack(len(data)) + data
        try:
            self._wait(deadline)
            # The descriptors travel with the first byte.
            sent = socket.send_fds(self.sock, [data], list(fds)) if fds else self.sock.send(data)
            view = memoryview(data)[sent:]
            while view:
                self._wait(deadline)
                view = view[self.sock.send(view) :]
        except TimeoutError:
            raise FrameError("the other side does not read") from None
        except OSError as error:
            raise FrameError(f"the other side is gone ({error.strerror or error})") from None

    def receive(self, deadline=None, fds=0):
        """The next value; with ``fds``, the pair of it and the list of at most so many descriptors that came with it.

        Raises FrameError where the other side is gone or late, announces too much or sends what cannot be decoded.
        """
        got = []
        (size,) = COUNT.unpack(self._exactly(4, deadline, fds, got))
        if size > self.limits.bytes:
            raise FrameError(f"the other side announces {size} bytes, more than {self.limits.bytes}")
        try:
            value = decode(self._exactly(size, deadline, fds, got), self.limits)
        except DecodeError as error:
            raise FrameError(f"the other side sends what is not plain data: {error}") from None
        return (value, got) if fds else value

    def _wait(self, deadline):
        if deadline is None:
            self.sock.settimeout(None)
            return
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.sock.settimeout(left)

    def _exactly(self, count, deadline, fds, got):
        pieces = []
        try:
            while count:
                self._wait(deadline)
                if fds:
                    piece, received, _, _ = socket.recv_fds(self.sock, min(count, 2**18), fds - len(got) or 1)
                    got += received
                else:
                    piece = self.sock.recv(min(count, 2**18))
                if not piece:
                    raise FrameError("the other side is gone")
                pieces.append(piece)
                count -= len(piece)
        except TimeoutError:
            raise FrameError("no answer in time") from None
        except OSError as error:
            raise FrameError(f"the other side is gone ({error.strerror or error})") from None
        return b"".join(pieces)
