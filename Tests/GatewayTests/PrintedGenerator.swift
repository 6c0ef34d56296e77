import TestSupport

/// Random numbers from a seed that is printed, so that a failure can be repeated with it.
struct PrintedGenerator: RandomNumberGenerator {
  private var generator: SeededGenerator

  /// - Parameters:
  ///   - name: the name of the test.
  ///   - seed: a fixed one, or `nil` for another one in each run.
  init(_ name: String, seed: UInt64? = nil) {
    let seed = seed ?? UInt64.random(in: .min ... .max)
    print("\(name): seed \(seed)")
    generator = SeededGenerator(seed: seed)
  }

  mutating func next() -> UInt64 { generator.next() }
}
