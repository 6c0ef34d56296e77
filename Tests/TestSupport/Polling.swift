import Glibc

/// Asks again and again until a condition holds or the time is over.
///
/// - Returns: what the condition gave, or `nil` when the deadline passed.
package func eventually<Value>(within limit: Duration = .seconds(20), _ condition: () throws -> Value?) rethrows
  -> Value?
{
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try condition() { return value }
    if ContinuousClock.now >= deadline { return nil }
    _ = poll(nil, 0, 5)
  }
}
