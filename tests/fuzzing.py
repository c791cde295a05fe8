"""Damaged files for tests: seeded mutations of bytes, texts and JSON."""

import io
import json
import random
import time
import zipfile

INTERESTING = [
    b"\x00",
    b"\xff",
    b"\n",
    b"\r",
    b'"',
    b",",
    b";",
    b"1e999",
    b"nan",
    b"-",
    b"PK\x05\x06",
]
VALUES = [None, True, -1, 0, 1e308, 2**63, "", "../x", "\x00", [], {}, [[]], {"a": []}]


class Fuzzer:
    """Makes damaged files until its time is up; the same ones in every run.

    Args:
        seconds: The time.
        seed: Seed of the mutations.
    """

    def __init__(self, seconds, seed=0):
        self._seconds = seconds
        self.random = random.Random(seed)  # noqa: S311  (nothing secret)

    def rounds(self, at_least=20):
        """Numbers of rounds, until the time is up."""
        end = time.monotonic() + self._seconds
        done = 0
        while done < at_least or time.monotonic() < end:
            yield done
            done += 1

    def damaged_journal(self, content, kind):
        """A journal with damaged "bytes", or a line with other "values", or other "lines"."""
        if kind == "bytes":
            return self.damaged(content)
        lines = content.splitlines(keepends=True)
        position = self.random.randrange(len(lines))
        if kind == "values":
            lines[position] = self.damaged_text(lines[position]) + b"\n"
        else:
            lines[position : position + 1] = self.random.sample(lines, self.random.randrange(3))
        return b"".join(lines)

    def damaged(self, content):
        """Bytes with some of them changed, removed, doubled or inserted, or cut short."""
        content = bytearray(content)
        for _ in range(self.random.choice([1, 1, 1, 2, 8])):
            start = self.random.randrange(len(content) + 1)
            end = start + self.random.choice([1, 1, 4, 40])
            match self.random.randrange(6):
                case 0:
                    content[start:end] = self.random.randbytes(len(content[start:end]))
                case 1:
                    del content[start:end]
                case 2:
                    content[start:start] = content[start:end]
                case 3:
                    content[start:start] = self.random.choice(INTERESTING)
                case 4 if start < len(content):
                    content[start] ^= 1 << self.random.randrange(8)
                case _ if self.random.random() < 0.2:
                    del content[start:]
        return bytes(content)

    def damaged_json(self, text):
        """JSON in which some values or keys were replaced or removed, with its structure intact."""
        content = json.loads(text)
        for _ in range(self.random.choice([1, 1, 2, 5])):
            container, key = self.random.choice([*_places(content)] or [(None, None)])
            if container is None:
                continue
            if self.random.random() < 0.25:
                del container[key]
            else:
                container[key] = self.random.choice(VALUES)
        return json.dumps(content)

    def damaged_archive(self, content):
        """A zip archive in which the content of a member was damaged, so that checksums match."""
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        name = self.random.choice(sorted(members))
        damage = self.damaged_text if name.endswith(".json") else self.damaged
        members[name] = damage(members[name])
        written = io.BytesIO()
        with zipfile.ZipFile(written, "w") as archive:
            for member, inside in members.items():
                archive.writestr(member, inside)
        return written.getvalue()

    def damaged_text(self, text):
        """JSON as bytes, damaged."""
        return self.damaged_json(text.decode()).encode()


def _places(content):
    """All elements of JSON content, as a container and a key or a position in it."""
    keys = list(content) if isinstance(content, dict) else range(len(content))
    for key in keys:
        yield content, key
        if isinstance(content[key], dict | list):
            yield from _places(content[key])
