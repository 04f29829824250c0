"""Packs a libFuzzer target the way rules_fuzzing does for OSS-Fuzz, whose build script unpacks it into $OUT.

In the archive: NAME, NAME_seed_corpus.zip, NAME.dict, NAME.options, which are the names that OSS-Fuzz and ClusterFuzz
look for beside a target. The same inputs give the same bytes.
"""

import argparse
import io
import os
import tarfile
import zipfile


def add(archive, name, content, mode):
    """Adds one file, of nobody's and of no time."""
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = mode
    archive.addfile(entry, io.BytesIO(content))


def read(path):
    with open(path, "rb") as file:
        return file.read()


def seed_corpus(directory):
    """A zip archive of all files, with the earliest time that one can express."""
    corpus = io.BytesIO()
    with zipfile.ZipFile(corpus, "w") as archive:
        for name in sorted(os.listdir(directory)):
            entry = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, read(os.path.join(directory, name)))
    return corpus.getvalue()


def main():
    parser = argparse.ArgumentParser()
    for option in ("--out", "--name", "--binary", "--corpus"):
        parser.add_argument(option, required=True)
    parser.add_argument("--dict")
    parser.add_argument("--options")
    args = parser.parse_args()

    with tarfile.open(args.out, "w", format=tarfile.GNU_FORMAT) as archive:
        add(archive, args.name, read(args.binary), 0o755)
        add(archive, args.name + "_seed_corpus.zip", seed_corpus(args.corpus), 0o644)
        if args.dict:
            add(archive, args.name + ".dict", read(args.dict), 0o644)
        if args.options:
            add(archive, args.name + ".options", read(args.options), 0o644)


if __name__ == "__main__":
    main()
