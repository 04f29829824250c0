"""Packs a libFuzzer target the way OSS-Fuzz and ClusterFuzz take it.

In the archive: NAME, NAME_seed_corpus.zip, NAME.dict, NAME.options. The same inputs give the same
bytes.
"""

import argparse
import io
import os
import zipfile


def add(archive, name, content, mode):
    """Adds one file, with the earliest time that a zip archive can express."""
    entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = mode << 16
    archive.writestr(entry, content)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    parser = argparse.ArgumentParser()
    for option in ("--out", "--name", "--binary", "--corpus"):
        parser.add_argument(option, required=True)
    parser.add_argument("--dict")
    parser.add_argument("--options")
    args = parser.parse_args()

    corpus = io.BytesIO()
    with zipfile.ZipFile(corpus, "w") as archive:
        for name in sorted(os.listdir(args.corpus)):
            add(archive, name, read(os.path.join(args.corpus, name)), 0o644)

    with zipfile.ZipFile(args.out, "w") as archive:
        add(archive, args.name, read(args.binary), 0o755)
        add(archive, args.name + "_seed_corpus.zip", corpus.getvalue(), 0o644)
        if args.dict:
            add(archive, args.name + ".dict", read(args.dict), 0o644)
        if args.options:
            add(archive, args.name + ".options", read(args.options), 0o644)


if __name__ == "__main__":
    main()
