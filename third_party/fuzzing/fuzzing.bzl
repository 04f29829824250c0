"""libFuzzer targets, shaped like those of rules_fuzzing, which cannot be had without a network.

    load("//third_party/fuzzing:fuzzing.bzl", "cc_fuzz_test")

    cc_fuzz_test(
        name = "tcp_fuzzer",
        srcs = ["tcp_fuzzer.cc"],
        corpus = [":tcp_corpus"],
        dict = "tcp.dict",
        deps = [":lockstep"],
    )

makes these targets:

    tcp_fuzzer           a test: every file of the corpus, once. Runs under `bazel test`.
    tcp_fuzzer_bin       the libFuzzer binary, with its own main().
    tcp_fuzzer_run       `bazel run` it: a campaign that keeps its corpus, see run.sh.
    tcp_fuzzer_corpus    a directory with the corpus.
    tcp_fuzzer_dict      the dictionary, tcp_fuzzer.dict; only where `dict` is given.
    tcp_fuzzer_oss_fuzz  tcp_fuzzer_oss_fuzz.tar: to be unpacked into $OUT of an OSS-Fuzz build, as that of
                         rules_fuzzing is: the binary, its seed corpus, dictionary and options under the
                         names that are looked for there. Built only when asked for.

The tests have the tag fuzz-test, by which OSS-Fuzz's scripts find targets; one with the tag no-oss-fuzz is none for
them. They set flags of rules_fuzzing's own, so that with these rules a build.sh asks by itself:

    bazel build $(bazel query 'let t = attr(tags, fuzz-test, //...) in $t - attr(tags, no-oss-fuzz, $t)' | sed 's/$/_oss_fuzz/')
    for archive in $(find bazel-bin/ -name '*_oss_fuzz.tar'); do tar -xf $archive -C $OUT; done

and gets AddressSanitizer and libFuzzer (SANITIZER=address, or with --config=ubsan both at once; FUZZING_ENGINE=libfuzzer):
neither $LIB_FUZZING_ENGINE nor $CFLAGS are read.

The binary and everything it depends on are compiled with -fsanitize=address,fuzzer-no-link,
whatever else the build is configured for, so that the engine sees the coverage of the libraries too. With
--config=ubsan both sanitizers look; ThreadSanitizer does not go together with AddressSanitizer, so with
--config=tsan there are no fuzz targets (their tag is no_tsan).
"""

load("@rules_cc//cc:defs.bzl", "cc_binary")

_COPTS = [
    "-fsanitize=address,fuzzer-no-link",
    "-fno-omit-frame-pointer",
    "-gline-tables-only",
    "-D_GLIBCXX_ASSERTIONS",
    # What OSS-Fuzz defines, too, for code that must behave differently under a fuzzer.
    "-DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION",
]

def _instrumented_impl(settings, attr):
    # A linkopt of -static, from --config=static, would not go together with AddressSanitizer.
    linkopts = [o for o in settings["//command_line_option:linkopt"] if o != "-static"]
    return {
        "//command_line_option:copt": settings["//command_line_option:copt"] + _COPTS,
        "//command_line_option:linkopt": linkopts + ["-fsanitize=address"],
        "//command_line_option:strip": "never",
    }

_instrumented = transition(
    implementation = _instrumented_impl,
    inputs = [
        "//command_line_option:copt",
        "//command_line_option:linkopt",
    ],
    outputs = [
        "//command_line_option:copt",
        "//command_line_option:linkopt",
        "//command_line_option:strip",
    ],
)

def _fuzzing_binary_impl(ctx):
    # An attribute with a transition is a list, of one element here.
    binary = ctx.attr.binary[0]
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = ctx.executable.binary, is_executable = True)
    runfiles = ctx.runfiles(files = [out]).merge(binary[DefaultInfo].default_runfiles)
    return [DefaultInfo(executable = out, files = depset([out]), runfiles = runfiles)]

_fuzzing_binary = rule(
    doc = "The binary, built with the instrumentation.",
    implementation = _fuzzing_binary_impl,
    attrs = {
        "binary": attr.label(cfg = _instrumented, executable = True, mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    executable = True,
)

def _fuzzing_corpus_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)

    # The path, with the slashes replaced, is the name, so that files of the same name in two
    # directories do not overwrite each other.
    lines = ["set -eu", "mkdir -p %s" % out.path]
    lines += [
        "cp %s %s/%s" % (_quote(f.path), out.path, _quote(f.short_path.replace("/", "-")))
        for f in ctx.files.srcs
        if not f.is_directory
    ]

    # Of a directory, all its files, which have names of their own.
    lines += ["cp %s/* %s/" % (_quote(f.path), out.path) for f in ctx.files.srcs if f.is_directory]
    script = ctx.actions.declare_file(ctx.label.name + "_copy.sh")
    ctx.actions.write(script, "\n".join(lines) + "\n")
    ctx.actions.run_shell(
        outputs = [out],
        inputs = ctx.files.srcs + [script],
        command = "sh " + script.path,
        mnemonic = "FuzzCorpus",
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles(files = [out]))]

def _quote(text):
    return "'" + text.replace("'", "'\\''") + "'"

_fuzzing_corpus = rule(
    doc = "One directory with all the files.",
    implementation = _fuzzing_corpus_impl,
    attrs = {"srcs": attr.label_list(allow_files = True)},
)

def _fuzzing_dict_impl(ctx):
    out = ctx.actions.declare_file(ctx.attr.target + ".dict")
    ctx.actions.symlink(output = out, target_file = ctx.file.src)
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles(files = [out]))]

_fuzzing_dict = rule(
    doc = "The dictionary under the name that belongs to the fuzz target.",
    implementation = _fuzzing_dict_impl,
    attrs = {
        "src": attr.label(mandatory = True, allow_single_file = True),
        "target": attr.string(mandatory = True),
    },
)

def _fuzzing_package_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".tar")
    arguments = ctx.actions.args()
    arguments.add(ctx.file._package)
    arguments.add("--out", out)
    arguments.add("--name", ctx.attr.target)
    arguments.add("--binary", ctx.executable.binary)
    arguments.add_all("--corpus", [ctx.file.corpus], expand_directories = False)
    arguments.add_all("--dict", ctx.files.dict)
    arguments.add_all("--options", ctx.files.options)
    ctx.actions.run(
        outputs = [out],
        inputs = [ctx.file._package, ctx.file.corpus, ctx.executable.binary] +
                 ctx.files.dict + ctx.files.options,
        executable = "python3",
        arguments = [arguments],
        use_default_shell_env = True,
        mnemonic = "FuzzPackage",
    )
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles(files = [out]))]

_fuzzing_package = rule(
    doc = "An archive for OSS-Fuzz.",
    implementation = _fuzzing_package_impl,
    attrs = {
        "binary": attr.label(cfg = "target", executable = True, mandatory = True),
        "corpus": attr.label(mandatory = True, allow_single_file = True),
        "dict": attr.label(allow_single_file = True),
        "options": attr.label(allow_single_file = True),
        "target": attr.string(mandatory = True),
        "_package": attr.label(
            default = "//third_party/fuzzing:package.py",
            allow_single_file = True,
        ),
    },
)

def cc_fuzz_test(
        name,
        srcs,
        deps = [],
        corpus = [],
        dict = None,
        options = None,
        data = [],
        copts = [],
        linkopts = [],
        engine_flags = [],
        size = "small",
        tags = [],
        visibility = None):
    """Declares the targets of one libFuzzer target. The head of this file lists them.

    Args:
      name: ends in `_fuzzer`, without a dot; fuzzing services find the binary by that.
      srcs: the file with LLVMFuzzerTestOneInput, and what goes with it.
      deps: cc_library targets.
      corpus: files, and filegroups of files, each one input.
      dict: a libFuzzer dictionary.
      options: a `.options` file for fuzzing services.
      data: files that the binary opens while it runs.
      copts: for `srcs` only.
      linkopts: for the binary.
      engine_flags: libFuzzer flags for the test and for `_run`, such as "-mutate_depth=1".
      size: of the test over the corpus.
      tags: for the test over the corpus and for the binary; `no-oss-fuzz`: not for fuzzing services.
      visibility: of the binary.
    """
    tags = tags + ["no_tsan"]
    if not name.endswith("_fuzzer") or "." in name:
        fail("a fuzz target's name ends in _fuzzer and has no dot, but this one is %s" % name)

    # `manual`, since on its own it lacks the instrumentation, which the next target adds.
    cc_binary(
        name = name + "_raw_",
        testonly = True,
        srcs = srcs,
        copts = copts,
        data = data,
        linkopts = ["-fsanitize=fuzzer"] + linkopts,
        tags = tags + ["manual"],
        visibility = ["//visibility:private"],
        deps = deps,
    )
    _fuzzing_binary(
        name = name + "_bin",
        testonly = True,
        binary = name + "_raw_",
        tags = tags,
        visibility = visibility,
    )
    _fuzzing_corpus(
        name = name + "_corpus",
        testonly = True,
        srcs = corpus,
    )
    if dict:
        _fuzzing_dict(
            name = name + "_dict",
            testonly = True,
            src = dict,
            target = name,
        )

    inputs = [name + "_bin", name + "_corpus"]
    native.sh_test(
        name = name,
        size = size,
        srcs = ["//third_party/fuzzing:regression.sh"],
        args = [
            "$(rootpath %s_bin)" % name,
            "$(rootpath %s_corpus)" % name,
        ] + engine_flags,
        data = inputs,
        tags = tags + ["fuzz-test"],
    )
    native.sh_binary(
        name = name + "_run",
        testonly = True,
        srcs = ["//third_party/fuzzing:run.sh"],
        args = [
            name,
            "$(rootpath %s_bin)" % name,
            "$(rootpath %s_corpus)" % name,
            "$(rootpath %s_dict)" % name if dict else "''",
        ] + engine_flags,
        data = inputs + ([name + "_dict"] if dict else []),
        tags = tags,
    )
    _fuzzing_package(
        name = name + "_oss_fuzz",
        testonly = True,
        binary = name + "_bin",
        corpus = name + "_corpus",
        dict = name + "_dict" if dict else None,
        options = options,
        tags = ["manual"],
        target = name,
    )
