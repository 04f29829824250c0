// What waits to be received, one by one: datagrams, records with a descriptor in them, and errors.

#include <algorithm>

#include "model/scene.h"

namespace sockspec {

void AddMessage(World& world, const Message& message) {
  if (world.queued_messages == kMaxMessages) {
    world.lost = Lost::kFull;
    return;
  }
  Message& place = world.messages[world.queued_messages++];
  place = message;
  place.live = true;
}

uint8_t FirstMessage(const World& world, uint8_t socket) {
  for (int i = 0; i < world.queued_messages; ++i) {
    if (world.messages[i].to == socket) return static_cast<uint8_t>(i);
  }
  return kNone;
}

void TakeMessage(World& world, uint8_t message) {
  const auto end = world.messages.begin() + world.queued_messages--;
  const auto at = world.messages.begin() + message;
  std::copy(at + 1, end, at);
  *(end - 1) = Message{};
}

void DropMessages(World& world, uint8_t socket) {
  for (uint8_t first = FirstMessage(world, socket); first != kNone;
       first = FirstMessage(world, socket)) {
    TakeMessage(world, first);
  }
}

void AddError(World& world, const QueuedError& error) {
  if (world.queued_errors == kMaxQueuedErrors) {
    world.lost = Lost::kFull;
    return;
  }
  world.errors[world.queued_errors++] = error;
  Wake(world, error.socket, kErrorReport);  // sock_queue_err_skb()
}

uint8_t FirstError(const World& world, uint8_t socket) {
  for (uint8_t i = 0; i < world.queued_errors; ++i) {
    if (world.errors[i].socket == socket) return i;
  }
  return kNone;
}

void TakeError(World& world, uint8_t error) {
  std::copy(world.errors.begin() + error + 1, world.errors.end(), world.errors.begin() + error);
  world.errors.back() = QueuedError{};
  --world.queued_errors;
}

void DropErrors(World& world, uint8_t socket) {
  for (uint8_t first = FirstError(world, socket); first != kNone; first = FirstError(world, socket)) {
    TakeError(world, first);
  }
}

}  // namespace sockspec
