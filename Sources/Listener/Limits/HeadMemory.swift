import NIOHTTP1

/// The memory that the heads of one connection's requests take, out of what all requests share.
struct HeadMemory {
  /// Bytes that a head, and a field of it, take beside its text.
  private static let (costOfHead, costOfField) = (512, 96)

  let memory: RequestMemory
  /// Counts the bytes of a head that has not ended.
  let meter: HeadMeter

  init(_ memory: RequestMemory) {
    self.memory = memory
    meter = HeadMeter(memory)
  }

  /// A part of a request is complete.
  func reset() { meter.reset() }

  /// Nothing that comes from now on is read.
  func stop() { meter.stop() }

  /// The memory of a head.
  ///
  /// - Parameter isAhead: whether it was sent before the request before it was answered; then no part of it is free.
  /// - Returns: `nil` when other requests hold all that there is.
  func share(of head: HTTPRequestHead, isAhead: Bool) -> RequestMemory.Share? {
    let share = RequestMemory.Share(of: memory, free: isAhead ? 0 : RequestMemory.free)
    var size = Self.costOfHead + head.uri.utf8.count
    for field in head.headers { size += field.name.utf8.count + field.value.utf8.count + Self.costOfField }
    return share.resize(to: size) ? share : nil
  }
}
