/// Values that were used lately, by key. Bounded; a value that is used often stays.
///
/// There are two generations, each of half the capacity. When the younger one is full, it becomes the older one, whose
/// place is given up. A value of the older generation that is used moves to the younger one. The owner of values that
/// lose their worth with time lets them be given up then (`sweep`).
///
/// It is public, so that its users get code of their own types; otherwise each look-up would allocate memory.
public struct GenerationalCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
  @usableFromInline var younger: [Key: Value] = [:]
  @usableFromInline var older: [Key: Value] = [:]
  @usableFromInline let half: Int
  /// The moment of the last sweep, or of the first look at the time. Seconds.
  @usableFromInline var sweptAt: Int?

  /// A cache without values.
  ///
  /// - Parameter capacity: values; at least 2.
  @inlinable
  public init(capacity: Int) {
    half = max(1, capacity / 2)
  }

  /// The number of values.
  @inlinable
  public var count: Int { younger.count + older.count }

  /// The value of a key, which is used.
  ///
  /// - Parameter isValid: whether a value still counts. One that does not is as good as none.
  @inlinable
  public mutating func find(_ key: Key, where isValid: (Value) -> Bool) -> Value? {
    if let value = younger[key] { return isValid(value) ? value : nil }
    guard let value = older[key], isValid(value) else { return nil }
    insert(value, for: key)
    return value
  }

  /// Gives up the values that no longer count, in one call a minute. The others only look at the time.
  ///
  /// - Parameter now: seconds.
  @inlinable
  public mutating func sweep(now: Int, where isValid: (Value) -> Bool) {
    guard let last = sweptAt else { return sweptAt = now }
    // A clock that was set back begins anew.
    guard now - last >= 60 || now < last else { return }
    sweptAt = now
    younger = younger.filter { isValid($0.value) }
    older = older.filter { isValid($0.value) }
  }

  /// Keeps a value in the place of the one that the key had.
  @inlinable
  public mutating func insert(_ value: Value, for key: Key) {
    if !older.isEmpty { older[key] = nil }
    if younger.count >= half, younger[key] == nil {
      older = younger
      younger = [:]
    }
    younger[key] = value
  }
}
