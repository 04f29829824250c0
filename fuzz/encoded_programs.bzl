"""Seed corpora of the libFuzzer targets: programs as text, which people read, and their bytes, which the engine reads."""

def encoded_programs(name, srcs):
    """A filegroup of the bytes of programs.

    Args:
      name: of the filegroup.
      srcs: files that end in .program; each gives one file beside it, without that ending.
    """
    native.genrule(
        name = name,
        srcs = srcs,
        outs = [src[:-len(".program")] for src in srcs],
        cmd = "for f in $(SRCS); do" +
              " to=$${f%.program};" +
              " $(location //fuzz:encode) $$f > $(RULEDIR)/$${to#fuzz/} || exit 1;" +
              " done",
        tools = ["//fuzz:encode"],
    )
