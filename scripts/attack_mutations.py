"""Fresh damage for `attack.py`: a copy of a valid document in which a few values, places or bytes are others.

Text is damaged as what it says (JSON, lines of JSON, tables, XML), tables and arrays by their cells, archives by their
entries, checkpoints by what they hold; and all of them byte by byte, by length, and by what stands in their place.
"""

import io
import json
import os
import random
import re
import shutil
import sqlite3
import struct
import warnings
import zipfile
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

NUMBERS: list[Any] = [*(-1, 0, 0.5, 7, -0.0, 1e308, -1e308, 1e-320, 2**31, 2**63, -(2**63) - 1, 10**30), 10**400]
NO_NUMBERS = [float("nan"), float("inf"), float("-inf")]
TEXTS = [
    *("", " ", "x", "nan", "inf", "-inf", "1e308", "-1", "true", "null", "\x00", "a" * 10_000),
    *(
        "\u202e\u0301\U0001f600",
        "=1+1",
        "<script>alert(1)</script>",
        "![x](http://127.0.0.1/x)",
        "\x1b[31m",
        "../../x",
        "/nonexistent/x",
        "C:\\x",
    ),
    *("2020-01-01", "0000-00-00T99:99", "~", "*", "{}", "%s%n", "a\nb", "[bold]", "\ud800", "ＡＢＣ", "١٢٣", "1_000"),
]
NESTED: list[Any] = [[], {}, [[]], {"a": None}, [1, "x", None], [[1.5] * 7] * 3, {"": {"": {}}}]
ODD = [None, True, False, *NUMBERS, *NO_NUMBERS, *TEXTS, *NESTED]


def damage(place: Path, rng: random.Random) -> str:
    """Change one file, or one file of a folder; what was done."""
    files = [one for one in sorted(place.rglob("*")) if one.is_file()] if place.is_dir() else [place]
    path = rng.choice(files)
    if rng.random() < 0.06:
        return f"{path.name}: {_replaced(path, rng)}"
    by_content = BY_SUFFIX.get(path.suffix.lower())
    if by_content is not None and path.stat().st_size and rng.random() < 0.8:
        # What was damaged before may not be read any more; then its bytes are.
        with suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return f"{path.name}: {by_content(path, rng)}"
    path.write_bytes(_bytes(path.read_bytes(), rng))
    return f"{path.name}: bytes"


def _replaced(path: Path, rng: random.Random) -> str:
    """Something else altogether where the file was."""
    kind = rng.choice(["gone", "empty", "folder", "noise", "text", "loop", "twice", "utf-16"])
    content = path.read_bytes()
    path.unlink()
    if kind == "folder":
        path.mkdir()
    elif kind == "loop":
        path.symlink_to(path.name)
    elif kind != "gone":
        made = {"empty": b"", "noise": rng.randbytes(5000), "text": b"hello\n" * 50, "twice": content * 2}
        path.write_bytes(made.get(kind, content.decode("latin-1").encode("utf-16")))
    return kind


def _bytes(data: bytes, rng: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.randint(1, 8)):
        # Half of the damage is done to the beginning, where headers are.
        place = rng.randrange(max(1, min(len(changed), 400) if rng.random() < 0.5 else len(changed)))
        kind = rng.choice(["flip", "flip", "cut", "drop", "double", "insert", "huge"])
        if kind == "cut" and rng.random() < 0.4:
            del changed[place:]
        elif kind == "drop":
            del changed[place : place + rng.randint(1, 60)]
        elif kind == "double":
            changed[place:place] = changed[place : place + rng.randint(1, 500)]
        elif kind == "insert":
            changed[place:place] = rng.randbytes(rng.randint(1, 12))
        elif kind == "huge":
            changed[place : place + 4] = rng.choice([b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x00\x00\x00\x00"])
        elif place < len(changed):
            changed[place] ^= 1 << rng.randrange(8)
    return bytes(changed)


def odd_in(value: Any, rng: random.Random) -> Any:
    """The value with one part of it replaced, gone, renamed, or there twice."""
    if isinstance(value, dict) and value and rng.random() < 0.85:
        name = rng.choice(list(value))
        kind = rng.random()
        if kind < 0.08:
            return {key: item for key, item in value.items() if key != name}
        if kind < 0.12:
            return {rng.choice(["", "x", "a" * 300]) if key == name else key: item for key, item in value.items()}
        return {**value, name: odd_in(value[name], rng)}
    if isinstance(value, list | tuple) and value and rng.random() < 0.85:
        at = rng.randrange(len(value))
        kind = rng.random()
        middle = [] if kind < 0.08 else [value[at]] * 3 if kind < 0.12 else [odd_in(value[at], rng)]
        return type(value)([*value[:at], *middle, *value[at + 1 :]])
    return rng.choice(ODD)


def _json(path: Path, rng: random.Random) -> str:
    value = json.loads(path.read_text())
    for _ in range(rng.randint(1, 3)):
        value = odd_in(value, rng)
    text = json.dumps(value, ensure_ascii=rng.random() < 0.9)
    if rng.random() < 0.05:
        text = re.sub(r"\d+", lambda _: rng.choice(["1e999", "-1e999", "9" * 5000]), text, count=1)
    if rng.random() < 0.03:
        text = "[" * 100_000 + "]" * 100_000
    path.write_bytes(text.encode(errors="replace"))
    return "values"


def _lines(path: Path, rng: random.Random) -> str:
    lines = path.read_text().splitlines()
    for _ in range(rng.randint(1, 4)):
        at, kind = rng.randrange(len(lines)), rng.random()
        if kind < 0.7:
            lines[at] = json.dumps(odd_in(json.loads(lines[at]), rng))
        else:
            lines[at:at] = [rng.choice([lines[at], "", "[]", "{", "nul", "1e400", "\x00\x00", lines[at][:20]])]
    path.write_bytes("\n".join(lines).encode(errors="replace") + b"\n" * rng.randint(0, 1))
    return "lines"


def _table(path: Path, rng: random.Random) -> str:
    apart = "\t" if path.suffix == ".tsv" else ","
    rows = [line.split(apart) for line in path.read_text().splitlines()]
    for _ in range(rng.randint(1, 4)):
        row = rows[0 if rng.random() < 0.3 else rng.randrange(len(rows))]
        kind, at = rng.random(), rng.randrange(max(1, len(row)))
        if kind < 0.7 and row:
            names = ["epoch", "label", "split", *rows[0]]
            row[at] = rng.choice(names) if row is rows[0] and rng.random() < 0.5 else str(rng.choice(ODD))
        elif kind < 0.8:
            rows.insert(rng.randrange(len(rows)), list(row))
        elif kind < 0.9:
            row[at : at + 1] = [] if rng.random() < 0.5 else row[at : at + 1] * 2
        else:
            rows.remove(row) if len(rows) > 1 else rows.append([])
    text = "\n".join(map(apart.join, rows))
    path.write_bytes(text.encode(rng.choice(["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16"]), errors="replace"))
    return "cells"


def _text(path: Path, rng: random.Random) -> str:
    """Numbers, quoted values and tags of a text such as XML."""
    text = path.read_text()
    for pattern in rng.choices([r"\d+(\.\d+)?", r'"[^"]*"', r"<[^>]*>", r">[^<]+<"], k=rng.randint(1, 3)):
        if found := list(re.finditer(pattern, text)):
            one, odd = rng.choice(found), str(rng.choice(ODD))
            new = rng.choice([odd, f'"{odd}"', "", one[0] * 2])
            text = text[: one.start()] + new + text[one.end() :]
    path.write_bytes(text.encode(errors="replace"))
    return "values"


def _parquet(path: Path, rng: random.Random) -> str:
    table = pd.read_parquet(path)
    for _ in range(rng.randint(1, 3)):
        name, kind = rng.choice(list(table.columns)), rng.random()
        if kind < 0.55 and len(table):
            odd, column = rng.choice(ODD), table[name].astype(object)
            if rng.random() < 0.5:
                odd = rng.choice([float("nan"), -1.0, 1e18, float("inf"), 0.0, -1e300])
                column = pd.to_numeric(table[name], errors="coerce")
            column.iloc[rng.randrange(len(table))] = odd
            table[name] = column
        elif kind < 0.65:
            table = table.drop(columns=name)
        elif kind < 0.75:
            table[name] = rng.choice([None, "x", 1.5, -1, float("nan"), True])
        elif kind < 0.85:
            table = pd.concat([table, table.sample(frac=0.5, random_state=rng.getrandbits(31))], ignore_index=True)
        elif kind < 0.95:
            table = table.iloc[: rng.randrange(len(table) + 1)]
        else:
            table = table.rename(columns={name: "x"})
    table.to_parquet(path)
    return "cells"


def _array(path: Path, rng: random.Random) -> str:
    array, kind = np.load(path, allow_pickle=False), rng.random()
    if kind < 0.3:
        array = array.astype(rng.choice(["float64", "float16", "int8", "<U8", "complex64", "bool", ">i8"]))
    elif kind < 0.5:
        array = rng.choice([array[: rng.randrange(len(array))], array.T, array[None], array.ravel(), array[:, :0]])
    elif kind < 0.8:
        array = array.astype(float)
        array.flat[rng.randrange(array.size)] = rng.choice([*NO_NUMBERS, -1, 1e308, 0, 1e6])
    else:
        content = io.BytesIO()
        np.save(content, array)
        shape = rng.choice(["(7000000000000,)", "(-1, 7)", "(0, 0)", "('a',)", "(14,"])
        path.write_bytes(re.sub(rb"\([\d, ]+\)", shape.encode(), content.getvalue(), count=1))
        return "header"
    np.save(path, array)
    return "array"


def _odd_tensor(tensor: Any, rng: random.Random) -> Any:
    import torch

    kind = rng.random()
    if kind < 0.4 and tensor.numel():
        tensor = tensor.clone().to(torch.float32)
        tensor.view(-1)[rng.randrange(tensor.numel())] = rng.choice([*NO_NUMBERS, 1e30, -1e30])
        return tensor
    made: list[Callable[[], Any]] = [
        lambda: tensor[:0] if tensor.ndim else tensor,
        lambda: tensor.flatten(),
        lambda: tensor.to(torch.float16),
        lambda: tensor.to(torch.int64),
        lambda: torch.full_like(tensor, -1),
        lambda: tensor[None],
    ]
    return rng.choice(made)()


def _in_checkpoint(value: Any, rng: random.Random) -> Any:
    import torch

    if isinstance(value, torch.Tensor):
        return _odd_tensor(value, rng) if rng.random() < 0.8 else rng.choice(ODD)
    if isinstance(value, dict) and value and rng.random() < 0.92:
        name = rng.choice(list(value))
        if rng.random() < 0.08:
            return {key: item for key, item in value.items() if key != name}
        return {**value, name: _in_checkpoint(value[name], rng)}
    if isinstance(value, str) and value.startswith("{") and rng.random() < 0.9:
        return json.dumps(odd_in(json.loads(value), rng))
    return odd_in(value, rng)


def _checkpoint(path: Path, rng: random.Random) -> str:
    import torch

    content = torch.load(path, weights_only=True)
    for _ in range(rng.randint(1, 2)):
        content = _in_checkpoint(content, rng)
    torch.save(content, path)
    return "content"


def _safetensors(path: Path, rng: random.Random) -> str:
    from safetensors.torch import load_file, save_file

    if rng.random() < 0.4:
        data = path.read_bytes()
        size = int.from_bytes(data[:8], "little")
        header = json.dumps(odd_in(json.loads(data[8 : 8 + size]), rng)).encode()
        path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + size :])
        return "header"
    tensors = load_file(path)
    name = rng.choice(list(tensors))
    changed = _odd_tensor(tensors.pop(name), rng).contiguous()
    if rng.random() < 0.9:
        tensors[name] = changed
    save_file(tensors, path, {"format": "pt"})
    return f"tensor {name}"


def _archive(path: Path, rng: random.Random) -> str:
    with zipfile.ZipFile(path) as archive:
        entries = [(info.filename, archive.read(info)) for info in archive.infolist()]
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(entries))
        name, content = entries[at]
        kind = rng.random()
        if kind < 0.45:
            odd = rng.choice([text for text in TEXTS if "\x00" not in text and "\ud800" not in text])
            parts = name.split("/")
            parts[rng.randrange(len(parts))] = odd[:300]
            entries[at] = (rng.choice(["/".join(parts), f"../{name}", f"/{name}", name + "/", name.upper()]), content)
        elif kind < 0.75:
            entries[at] = (name, _bytes(content, rng) if content else b"x")
        elif kind < 0.9:
            others = [(name, content), ("x.csv", b"emotion,pixels\n0,1 2"), ("nested.zip", content)]
            entries.insert(at, rng.choice(others))
        else:
            del entries[at]
        entries = entries or [("x", b"")]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # names that are there twice are meant
        with zipfile.ZipFile(path, "w", rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])) as archive:
            for name, content in entries:
                archive.writestr(name or "empty", content)
    return "entries"


def _database(path: Path, rng: random.Random) -> str:
    with closing(sqlite3.connect(path)) as database:
        names = [row[0] for row in database.execute("select name from sqlite_master where type='table'")]
        filled = [one for one in names if database.execute(f'select count(*) from "{one}"').fetchone()[0]]
        said = []
        for _ in range(rng.randint(1, 3)):
            table = rng.choice(filled)
            columns = [row[1] for row in database.execute(f'pragma table_info("{table}")')]
            column = rng.choice(columns)
            odd = rng.choice([one for one in ODD if not isinstance(one, list | dict) and one not in NUMBERS[-4:]])
            kind = rng.random()
            with suppress(sqlite3.Error, OverflowError, UnicodeError):
                if kind < 0.85:
                    database.execute(f'update "{table}" set "{column}" = ?', (odd,))
                elif kind < 0.92:
                    database.execute(f'delete from "{table}"')
                else:
                    database.execute(f'drop table "{table}"')
                said.append(f"{table}.{column}={str(odd)[:20]!r}")
        database.commit()
    return ", ".join(said)


BY_SUFFIX: dict[str, Callable[[Path, random.Random], str]] = {
    **dict.fromkeys((".json", ".boris"), _json),
    **dict.fromkeys((".csv", ".tsv"), _table),
    **dict.fromkeys((".zip",), _archive),
    **dict.fromkeys((".eaf", ".md"), _text),
    ".jsonl": _lines,
    ".parquet": _parquet,
    ".npy": _array,
    ".pt": _checkpoint,
    ".safetensors": _safetensors,
    ".db": _database,
}


def fresh(documents: Path, folder: Path, number: int, rng: random.Random) -> tuple[Path, str]:
    """A damaged copy of one of the documents, whose names begin with their kinds; and what was done to it."""
    document = rng.choice(sorted(documents.iterdir()))
    made = folder / f"{document.stem}-fresh{number:05d}{document.suffix}"
    if document.is_dir():
        shutil.copytree(document, made, symlinks=True)
    else:
        shutil.copy(document, made)
    said = []
    for _ in range(1 if rng.random() < 0.6 else rng.randint(2, 3)):
        if made.is_symlink() or not made.exists() or (made.is_dir() and not any(map(Path.is_file, made.rglob("*")))):
            break
        said.append(damage(made, rng))
    if not os.path.lexists(made):
        made.write_bytes(b"")
    return made, "; ".join(said)
