/// The version of both programs, by semantic versioning.
package enum Version {
  /// As `--version` prints it.
  package static let number = "0.1.0"
}
