// What waits to be received, one by one: datagrams, and records with a descriptor in them.

#include <algorithm>

#include "model/scene.h"

namespace sockspec {

void AddMessage(World& world, const Message& message) {
  for (Message& place : world.messages) {
    if (place.live) continue;
    place = message;
    place.live = true;
    return;
  }
  world.lost = Lost::kFull;
}

uint8_t FirstMessage(const World& world, uint8_t socket) {
  for (int i = 0; i < kMaxMessages && world.messages[i].live; ++i) {
    if (world.messages[i].to == socket) return static_cast<uint8_t>(i);
  }
  return kNone;
}

void TakeMessage(World& world, uint8_t message) {
  const auto at = world.messages.begin() + message;
  std::copy(at + 1, world.messages.end(), at);
  world.messages.back() = Message{};
}

void DropMessages(World& world, uint8_t socket) {
  for (uint8_t first = FirstMessage(world, socket); first != kNone;
       first = FirstMessage(world, socket)) {
    TakeMessage(world, first);
  }
}

}  // namespace sockspec
