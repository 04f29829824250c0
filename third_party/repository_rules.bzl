"""How a repository is made of files that are installed already. Which ones: see sources.bzl."""

def _require(ctx, path):
    """Fails with a message that says what to do when `path` does not exist."""
    if not ctx.path(path).exists:
        fail(("\n%s is missing. Debian has it in the package %s, which ./bazelw installs. " +
              "On another system, say in third_party/sources.bzl where @%s comes from.\n") %
             (path, ctx.attr.package, ctx.name))

def _installed_files_repository_impl(ctx):
    multiarch = ctx.execute(["uname", "-m"]).stdout.strip() + "-linux-gnu"
    for inside, outside in ctx.attr.files.items():
        outside = outside.replace("{multiarch}", multiarch)
        _require(ctx, outside)
        ctx.symlink(outside, inside)
    ctx.symlink(ctx.attr.build_file, "BUILD.bazel")

installed_files_repository = repository_rule(
    doc = """Lays out chosen installed files as a repository.

    new_local_repository(path = "/usr/include") would take in every header of the machine, and the
    -isystem that goes with it would let any target include any of them.""",
    implementation = _installed_files_repository_impl,
    attrs = {
        "build_file": attr.label(mandatory = True, allow_single_file = True),
        "files": attr.string_dict(
            mandatory = True,
            doc = "Path in the repository, to absolute path of the installed file or directory.",
        ),
        "package": attr.string(mandatory = True, doc = "The Debian package that has the files."),
    },
    # Looked at again in every build, which costs nothing, so that a package installed later, or an
    # edited path, is noticed.
    local = True,
)

def _debian_rules_cc_repository_impl(ctx):
    root = ctx.attr.path
    _require(ctx, root)
    done = ctx.execute(["cp", "-RL", root + "/.", "."])
    if done.return_code:
        fail("cp of %s: %s" % (root, done.stderr))

    # Debian's rules_cc 0.0.4 expects a Bazel newer than Debian's 4.2.3: two of its files load
    # use_cpp_toolchain, which 4.2.3 does not have. What that function gives is a list of one
    # toolchain type, so we write the list in its place. Files without the load stay as they are,
    # so that this rule does no harm to a repaired package.
    for file in ["compiler_flag.bzl", "cc_flags_supplier.bzl"]:
        path = "cc/private/rules_impl/" + file
        if ctx.path(path).exists:
            text = ctx.read(path)
            text = text.replace(", \"use_cpp_toolchain\")", ")")
            text = text.replace("use_cpp_toolchain()", "[\"@bazel_tools//tools/cpp:toolchain_type\"]")
            ctx.file(path, text, executable = False)

debian_rules_cc_repository = repository_rule(
    doc = "Debian's rules_cc, made to fit Debian's Bazel.",
    implementation = _debian_rules_cc_repository_impl,
    attrs = {
        "package": attr.string(mandatory = True, doc = "The Debian package that has the files."),
        "path": attr.string(mandatory = True, doc = "Absolute path of the installed rules."),
    },
)

def _stub_repository_impl(ctx):
    lines = ["package(default_visibility = [\"//visibility:public\"])"]
    lines += ["filegroup(name = \"%s\")" % target for target in ctx.attr.targets]
    ctx.file("BUILD.bazel", "\n".join(lines) + "\n", executable = False)

stub_repository = repository_rule(
    doc = "A repository with targets that exist and are empty.",
    implementation = _stub_repository_impl,
    attrs = {"targets": attr.string_list(mandatory = True)},
)
