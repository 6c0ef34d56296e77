/// The members of the envelope that a reader looks at, as they are spelled. The others are passed over.
struct DMP1Envelope {
  /// Without these there is no dump.
  static let needed: Set = ["version", "created_at"]
  static let known = needed.union(["note"])

  private var members: [String: [UInt8]] = [:]

  subscript(name: String) -> [UInt8]? {
    get { members[name] }
    set { members[name] = newValue }
  }

  /// As it is spelled: the number 1 and the text "1" differ.
  var version: String? { members["version"].map { String(decoding: $0, as: UTF8.self) } }

  var createdAt: String? { members["created_at"].flatMap(JSONText.string) }

  var order: DumpOrder? { members["note"].flatMap(JSONText.string).flatMap { DumpOrder(note: $0) } }
}
