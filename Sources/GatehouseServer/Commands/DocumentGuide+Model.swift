import DumpReports
import Model

extension DocumentGuide {
  /// The names and the secrets of the documents of this program and of Doorman.
  static let model = DocumentGuide(
    nameFields: Collections.nameFields, hides: { SecretFields.hides($0, at: $1, in: $2) },
    maskedText: SecretText.masked)
}
