"""Where the dependencies come from. This is the only file that knows.

Everything below is a package of Debian 12, so that nothing is downloaded by Bazel and a build
without a network works once `bazelw` has installed the packages.

On another system, have a Bazel that reads WORKSPACE (only 4.2.3 was tried), clang with libFuzzer,
and lld; replace the entries by your own, and run `bazel` instead of `./bazelw`. What the rest of the
project asks for is only the labels:

    @rules_cc//cc:defs.bzl                   any release up to 0.0.4
    @com_google_googletest//:gtest           GoogleTest 1.12 or later
    @com_google_googletest//:gtest_main      GoogleTest's own, or //third_party/googletest:main
    @rapidcheck//:rapidcheck                 with the headers rapidcheck/gtest.h, rapidcheck/state.h
    @cli11//:cli11                           CLI11 2.x, headers only
    @nlohmann_json//:json                    nlohmann/json 3.11 or later, headers only
    @fmt//:fmt                               {fmt} 9 or later
    @lwip//:headers                          lwIP 2.1.3 as Debian builds it: its headers, for --kernel=lwip

  - Where the same libraries are installed elsewhere, it is enough to change the paths.
  - With the internet, use http_archive: rules_cc and GoogleTest bring BUILD files of their own, and
    for the headers-only libraries those in this directory fit, once strip_prefix and `includes`
    point to the directory above CLI/, nlohmann/ and fmt/. RapidCheck brings no BUILD file: build
    src/**/*.cpp with include/ and extras/gtest/include/ in `includes`.
  - A Bazel that downloads its own rules_java, rules_proto and remote_coverage_tools needs none of
    the entries under "What Bazel itself asks for".

An entry added here that comes from a package must also be added to the list in `bazelw`.
"""

load(
    "//third_party:repository_rules.bzl",
    "debian_rules_cc_repository",
    "installed_files_repository",
    "stub_repository",
)

def sockspec_dependencies():
    """Declares every external repository of the project."""

    # What Bazel itself asks for, whatever one builds.

    debian_rules_cc_repository(
        name = "rules_cc",
        package = "bazel-rules-cc",
        path = "/usr/share/bazel/rules/cc",
    )

    native.local_repository(
        name = "rules_java",
        path = "/usr/share/bazel/rules/java",
    )

    native.local_repository(
        name = "rules_proto",
        path = "/usr/share/bazel/rules/proto",
    )

    # Every cc_test depends on the coverage tools. We do not collect coverage through Bazel, and the
    # real ones would have to be downloaded.
    stub_repository(
        name = "remote_coverage_tools",
        targets = [
            "coverage_output_generator",
            "coverage_report_generator",
        ],
    )

    # What we use. `{multiarch}` stands for Debian's name of the architecture, x86_64-linux-gnu for
    # instance.

    installed_files_repository(
        name = "com_google_googletest",
        build_file = "//third_party:googletest.BUILD",
        files = {
            "googlemock": "/usr/src/googletest/googlemock",
            "googletest": "/usr/src/googletest/googletest",
        },
        package = "googletest",
    )

    installed_files_repository(
        name = "rapidcheck",
        build_file = "//third_party:rapidcheck.BUILD",
        files = {
            "include/rapidcheck": "/usr/include/rapidcheck",
            "include/rapidcheck.h": "/usr/include/rapidcheck.h",
            "lib/librapidcheck.a": "/usr/lib/{multiarch}/librapidcheck.a",
        },
        package = "librapidcheck-dev",
    )

    installed_files_repository(
        name = "cli11",
        build_file = "//third_party:cli11.BUILD",
        files = {"include/CLI": "/usr/include/CLI"},
        package = "libcli11-dev",
    )

    installed_files_repository(
        name = "lwip",
        build_file = "//third_party:lwip.BUILD",
        files = {"include/lwip": "/usr/include/lwip"},
        package = "liblwip-dev",
    )

    installed_files_repository(
        name = "nlohmann_json",
        build_file = "//third_party:nlohmann_json.BUILD",
        files = {"include/nlohmann": "/usr/include/nlohmann"},
        package = "nlohmann-json3-dev",
    )

    installed_files_repository(
        name = "fmt",
        build_file = "//third_party:fmt.BUILD",
        files = {"include/fmt": "/usr/include/fmt"},
        package = "libfmt-dev",
    )
