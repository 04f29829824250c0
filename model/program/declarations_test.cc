#include "model/program/declarations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string_view>

#include "model/program/call.h"

namespace sockspec {
namespace {

template <typename Check>
void ForEachArgument(Check check) {
  for (const Declaration& declaration : Declarations()) {
    for (const Argument& argument : declaration.arguments) {
      SCOPED_TRACE(declaration.name);
      SCOPED_TRACE(argument.name);
      check(declaration, argument);
    }
  }
}

TEST(Declarations, StandInTheOrderOfOps) {
  ASSERT_EQ(Declarations().size(), static_cast<size_t>(kOpCount));
  for (int i = 0; i < kOpCount; ++i) {
    EXPECT_EQ(static_cast<int>(Declarations()[static_cast<size_t>(i)].op), i);
    EXPECT_EQ(DeclarationOf(static_cast<Op>(i)).op, static_cast<Op>(i));
  }
}

// takes_descriptor() looks at the first argument only.
TEST(Declarations, ADescriptorIsTheFirstArgument) {
  ForEachArgument([](const Declaration& declaration, const Argument& argument) {
    if (argument.kind == Kind::kDescriptor) EXPECT_EQ(&argument, declaration.arguments.data());
  });
}

TEST(Declarations, EveryNumberHasChoicesThatMayBeWritten) {
  ForEachArgument([](const Declaration&, const Argument& argument) {
    EXPECT_EQ(argument.member != nullptr, !argument.choices.empty());
    for (const int32_t choice : argument.choices) {
      EXPECT_GE(choice, argument.least);
      EXPECT_LE(choice, argument.most);
      EXPECT_EQ(std::count(argument.choices.begin(), argument.choices.end(), choice), 1) << choice;
      if (argument.tokens_only) {
        EXPECT_TRUE(std::any_of(argument.tokens.begin(), argument.tokens.end(),
                                [choice](const Token& token) { return token.value == choice; }))
            << choice;
      }
    }
    EXPECT_EQ(argument.choices.empty(), argument.ordinary_choices().empty());
  });
}

// Two arguments of one call in one member would overwrite each other.
TEST(Declarations, EveryArgumentOfACallHasItsOwnMembers) {
  for (const Declaration& declaration : Declarations()) {
    for (size_t i = 0; i < declaration.arguments.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const Argument& a = declaration.arguments[i];
        const Argument& b = declaration.arguments[j];
        if (a.member != nullptr) EXPECT_FALSE(a.member == b.member) << declaration.name;
        if (a.member == nullptr) EXPECT_NE(a.kind, b.kind) << declaration.name;
      }
    }
  }
}

// The byte form writes a choice as one byte, and keeps 255 for what is none.
TEST(Declarations, ListsOfChoicesFitIntoAByte) {
  ForEachArgument([](const Declaration&, const Argument& argument) {
    EXPECT_LT(argument.choices.size(), 255u);
  });
  for (const auto list :
       {AddressFamilies(), AddressLengths(), OptionValues(), LingerSeconds(), OptionLengths()}) {
    EXPECT_FALSE(list.empty());
    EXPECT_LT(list.size(), 255u);
  }
}

TEST(Declarations, TheSimplestAddressIsAnOrdinaryOne) {
  EXPECT_EQ(AddressFamilies().front(), Address{}.family);
  EXPECT_EQ(AddressLengths().front(), kExactLength);
}

// A name that stood for two numbers, or a number with two names in one list, would not read back.
TEST(Declarations, NamesAreUnambiguous) {
  std::map<std::string_view, int32_t> values;
  const auto check = [&](std::span<const Token> tokens) {
    std::set<int32_t> seen;
    for (const Token& token : tokens) {
      EXPECT_TRUE(seen.insert(token.value).second) << token.name;
      const auto [known, is_new] = values.emplace(token.name, token.value);
      EXPECT_TRUE(is_new || known->second == token.value) << token.name;
    }
  };
  ForEachArgument([&](const Declaration&, const Argument& argument) { check(argument.tokens); });
  for (const auto tokens :
       {SocketTypes(), SocketFlags(), MessageFlags(), PollEvents(), StatusFlags(), Families(),
        Protocols(), SocketOptions(), Errnos()}) {
    EXPECT_FALSE(tokens.empty());
    check(tokens);
  }
}

}  // namespace
}  // namespace sockspec
