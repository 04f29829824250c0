"""Seed corpora of the libFuzzer targets: programs as text, which people read, as the bytes that the engine reads."""

def _encoded_programs_impl(ctx):
    out = ctx.actions.declare_directory(ctx.label.name)
    arguments = ctx.actions.args()
    arguments.add("--sockets=" + ctx.attr.sockets)
    arguments.add(out.path)
    arguments.add_all(ctx.files.srcs)
    ctx.actions.run(
        outputs = [out],
        inputs = ctx.files.srcs,
        executable = ctx.executable._encode,
        arguments = [arguments],
        mnemonic = "EncodePrograms",
    )
    return [DefaultInfo(files = depset([out]))]

encoded_programs = rule(
    doc = "A directory with the bytes of those programs that make sockets of one kind.",
    implementation = _encoded_programs_impl,
    attrs = {
        "sockets": attr.string(mandatory = True, values = ["tcp", "udp", "unix", "any"]),
        "srcs": attr.label_list(allow_files = [".program"]),
        "_encode": attr.label(default = "//fuzz:encode", executable = True, cfg = "exec"),
    },
)
