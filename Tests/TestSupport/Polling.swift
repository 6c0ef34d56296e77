import Glibc

/// Evaluates a condition repeatedly until it holds or a deadline passes.
///
/// - Returns: the value of the condition, or `nil` when the deadline passed.
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
