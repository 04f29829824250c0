#include "cli/command.h"

int main(int argc, char** argv) { return sockspec::Main(argc, argv); }
