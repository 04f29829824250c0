#include "model/program/declarations.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

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

TEST(Declarations, TakeADescriptorWhereTheirFirstArgumentIsOne) {
  for (const Declaration& declaration : Declarations()) {
    EXPECT_EQ(TakesDescriptor(declaration.op), declaration.takes_descriptor()) << declaration.name;
  }
}

// takes_descriptor() looks at the first argument only.
TEST(Declarations, TheDescriptorThatACallIsMadeOnIsTheFirstArgument) {
  ForEachArgument([](const Declaration& declaration, const Argument& argument) {
    if (argument.kind != Kind::kDescriptor) return;
    EXPECT_EQ(argument.descriptor == &Call::fd, &argument == declaration.arguments.data());
  });
}

TEST(Declarations, WhatOnlyOneKindHasIsSaidOfThatKind) {
  ForEachArgument([](const Declaration& declaration, const Argument& argument) {
    if (argument.closes || argument.existing) EXPECT_EQ(argument.kind, Kind::kDescriptor);
    if (argument.written) EXPECT_EQ(argument.kind, Kind::kBuffer);
    if (argument.optional) EXPECT_EQ(argument.kind, Kind::kAddressIn);
    if (argument.in_place) EXPECT_EQ(argument.kind, Kind::kAddressOut);
    if (argument.tokens_only) EXPECT_EQ(argument.kind, Kind::kConstant);
    if (argument.kind == Kind::kMadePair) EXPECT_EQ(&argument, &declaration.arguments.back());
    // What stood behind one that is left out would be taken for it.
    if (argument.trailing) {
      EXPECT_EQ(argument.kind, Kind::kNumber);
      EXPECT_EQ(argument.choices.front(), 0);
      EXPECT_EQ(&argument, &declaration.arguments.back());
    }
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
    EXPECT_EQ(argument.choices.empty(), argument.OrdinaryChoicesOf({}).empty());
  });
}

// Two arguments of one call in one member would overwrite each other, but for those that stand in one place and
// of which a call has one: fcntl's third.
TEST(Declarations, EveryArgumentOfACallHasItsOwnMembers) {
  for (const Declaration& declaration : Declarations()) {
    for (size_t i = 0; i < declaration.arguments.size(); ++i) {
      for (size_t j = 0; j < i; ++j) {
        const Argument& a = declaration.arguments[i];
        const Argument& b = declaration.arguments[j];
        if (a.kind == Kind::kDescriptor && b.kind == Kind::kDescriptor) {
          EXPECT_FALSE(a.descriptor == b.descriptor) << declaration.name;
        } else if (a.member == nullptr) {
          EXPECT_NE(a.kind, b.kind) << declaration.name;
        } else if (a.member == b.member) {
          EXPECT_EQ(a.name, b.name) << declaration.name;
          ASSERT_TRUE(a.used != nullptr && b.used != nullptr) << declaration.name;
          for (const int32_t command : declaration.arguments[1].choices) {
            const Call call{.op = declaration.op, .command = command};
            EXPECT_FALSE(a.used(call) && b.used(call)) << declaration.name << " " << command;
          }
        }
      }
    }
  }
}

TEST(Declarations, DescriptorsAndHandlesOfACallAreFound) {
  const auto passed = [](const Call& call) {
    std::string found;
    ForEachDescriptor(call, [&](const Argument& argument, Descriptor) { found.append(argument.name).append(" "); });
    return found;
  };
  EXPECT_EQ(passed({.op = Op::kSocket}), "");
  EXPECT_EQ(passed({.op = Op::kClose}), "fd ");
  EXPECT_EQ(passed({.op = Op::kDup2}), "sockfd newfd ");
  EXPECT_EQ(passed({.op = Op::kSendmsg}), "sockfd ");
  EXPECT_EQ(passed({.op = Op::kSendmsg, .control = 1}), "sockfd passed ");
  const auto made = [](const Call& call) {
    std::vector<int> found;
    ForEachMade(call, [&](uint8_t handle) { found.push_back(handle); });
    return found;
  };
  EXPECT_EQ(made({.op = Op::kSocketpair, .made = 3, .made2 = 1}), (std::vector<int>{3, 1}));
  EXPECT_EQ(made({.op = Op::kRecvmsg}), std::vector<int>{});
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
        Protocols(), Errnos(), SelectSets(), EpollEvents()}) {
    EXPECT_FALSE(tokens.empty());
    check(tokens);
  }
}

}  // namespace
}  // namespace sockspec
