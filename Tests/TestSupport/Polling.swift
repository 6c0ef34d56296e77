import Glibc

/// Evaluates a condition repeatedly until it holds or a deadline passes.
///
/// - Returns: the value of the condition, or `nil` when the deadline passed.
package func eventually<Value>(within limit: Duration = .seconds(60), _ condition: () throws -> Value?) rethrows
  -> Value?
{
  let deadline = ContinuousClock.now + limit
  while true {
    if let value = try condition() { return value }
    if ContinuousClock.now >= deadline { return nil }
    _ = poll(nil, 0, 5)
  }
}

/// Evaluates a condition repeatedly until it holds or a deadline passes, and leaves the thread to other tasks between.
///
/// - Returns: whether the condition held in time.
package func eventuallyTrue(within limit: Duration = .seconds(60), _ condition: () throws -> Bool) async rethrows
  -> Bool
{
  let deadline = ContinuousClock.now + limit
  while try !condition() {
    guard ContinuousClock.now < deadline else { return false }
    // A cancelled wait ends at its deadline.
    try? await Task.sleep(for: .milliseconds(1))
  }
  return true
}
