/// Everything that is wrong with the environment, found in one go.
package struct ConfigurationFaults: Error, Sendable, Equatable, CustomStringConvertible {
  /// One setting that is wrong.
  package struct Fault: Sendable, Equatable, CustomStringConvertible {
    /// The environment variable.
    package let name: String
    /// What is wrong and what to do, without the value of a secret.
    package let sentence: String

    package var description: String { "\(name): \(sentence)" }
  }

  /// In the order in which they were found.
  package let faults: [Fault]

  package init(faults: [Fault]) {
    self.faults = faults
  }

  package var description: String { faults.map(\.description).joined(separator: "\n") }
}
