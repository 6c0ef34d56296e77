package import Foundation

/// A test that can't run, where `GATEHOUSE_STRICT` is 1.
package struct SkippedTest: Error, CustomStringConvertible {
  /// The sentence.
  package let description: String
}

/// Tells why a test can't run here. The test returns after it.
///
/// It is for all that `scripts/setup --test` installs and that root may do. If a machine may lack something for good,
/// such as IPv6, the trait `.enabled(if:)` is the way.
///
/// - Parameters:
///   - reason: the thing that is missing, as a sentence.
///   - output: the place of the line, in one write. `scripts/test` looks for these lines.
/// - Throws: ``SkippedTest`` where `GATEHOUSE_STRICT` is 1, as in `.ci/run`.
package func skip(
  _ reason: String, environment: [String: String] = ProcessInfo.processInfo.environment,
  to output: FileHandle = .standardError
) throws {
  output.write(Data("skipped: \(reason)\n".utf8))
  guard environment["GATEHOUSE_STRICT"] == "1" else { return }
  throw SkippedTest(description: "the test can't run: \(reason)")
}
