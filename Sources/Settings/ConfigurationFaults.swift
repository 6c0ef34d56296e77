/// Everything that is wrong with the environment, found in one go.
package struct ConfigurationFaults: Error, Sendable, Equatable, CustomStringConvertible {
  /// One setting that is wrong.
  package struct Fault: Sendable, Equatable, CustomStringConvertible {
    /// The environment variable.
    package let name: String
    /// The fault and the remedy, without the value of a secret.
    package let sentence: String

    package var description: String { "\(name): \(sentence)" }
  }

  /// In the order in which they were found.
  package let faults: [Fault]

  /// All faults of a configuration.
  package init(faults: [Fault]) {
    self.faults = faults
  }

  package var description: String { faults.map(\.description).joined(separator: "\n") }
}
