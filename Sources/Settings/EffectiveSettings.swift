import JSON

/// The settings in effect, as `config check` shows them. Secrets are shown by their length only.
package struct EffectiveSettings: Sendable {
  private let entries: [EnvironmentReader.Entry]

  init(_ entries: [EnvironmentReader.Entry]) {
    self.entries = entries
  }

  /// The variables, in the order in which they were read.
  package var names: [String] { entries.map(\.name) }

  /// Aligned columns: variable, value, source.
  package var table: String {
    let nameWidth = entries.map(\.name.count).max() ?? 0
    let valueWidth = min(48, entries.map(\.value.count).max() ?? 0)
    return entries.map { entry in
      Self.pad(entry.name, nameWidth) + "  " + Self.pad(entry.value, valueWidth) + "  " + entry.source.rawValue
    }.joined(separator: "\n")
  }

  /// One JSON object: each variable with its value and source.
  package var json: String {
    JSONWriter.text(
      .object(
        JSONObject(
          entries.map { entry in
            (entry.name, ["value": .string(entry.value), "source": .string(entry.source.rawValue)])
          })))
  }

  private static func pad(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
  }
}
