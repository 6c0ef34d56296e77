package import DumpDirectory
package import DumpFormat
import JSON

/// A dump with what is known of it, as the commands of both programs report it.
package struct DumpReport: Sendable {
  /// The decision of the retention rules on a dump.
  package struct Decision: Sendable {
    /// Whether the dump is kept.
    package let isKept: Bool
    /// Why, one rule each.
    package let reasons: [String]

    /// A decision with its reasons.
    package init(isKept: Bool, reasons: [String]) {
      self.isKept = isKept
      self.reasons = reasons
    }
  }

  /// The file.
  package let entry: DumpEntry
  /// RFC 3339; empty when neither the dump nor its name tells.
  package let createdAt: String
  /// The result of verification, or `nil` while the dump is not verified or can't be read.
  package let verification: Verification<GoodDump>?
  /// Why the dump can't be read.
  package let trouble: String?
  /// `nil` where no retention rules are known.
  package let decision: Decision?

  /// - Parameter createdAt: as the dump says; `nil` to take it from the entry.
  package init(
    _ entry: DumpEntry, createdAt: String? = nil, verification: Verification<GoodDump>? = nil, trouble: String? = nil,
    decision: Decision? = nil
  ) {
    self.entry = entry
    self.createdAt = createdAt ?? entry.createdAt
    self.verification = verification
    self.trouble = trouble
    self.decision = decision
  }

  /// A dump of a catalogue, of which nothing but its beginning was read.
  package init(unverified entry: DumpEntry) {
    if case .unreadable(let reason) = entry.access {
      self.init(entry, trouble: reason)
    } else {
      self.init(entry)
    }
  }

  /// Why the dump is not good, or can't be read; `nil` when nothing is wrong with it as far as is known.
  package var error: String? { verification?.fault ?? trouble }

  /// The words for a dump that is not good.
  package var reason: String { error ?? "it can't be read" }

  /// Whether it is verified; `null` while nobody knows.
  var isVerified: JSONValue {
    switch verification {
    case .good?: true
    case .damaged?, .unopened?: false
    case nil: .null
    }
  }

  /// One object of a list.
  var listed: JSONValue {
    let good = verification?.good
    var listed: JSONObject = ["name": .string(entry.name), "path": .string(entry.path), "bytes": .integer(entry.bytes)]
    for (name, value) in DumpHeader.fields(of: good?.header ?? entry.header) { listed[name] = value }
    listed["predecessor"] = text(entry.header?.predecessor)
    // The file's name tells the time of a dump whose header does not.
    listed["created_at"] = .string(createdAt)
    listed["documents"] = number(good?.documents)
    listed["verified"] = isVerified
    listed["error"] = text(error)
    listed["keep"] = decision.map { .bool($0.isKept) } ?? .null
    listed["reasons"] = .strings(decision?.reasons ?? [])
    return .object(listed)
  }

  private func text(_ value: String?) -> JSONValue { value.map { .string($0) } ?? .null }

  private func number(_ value: Int?) -> JSONValue { value.map { .integer($0) } ?? .null }
}

extension DumpDirectory {
  /// Reads every byte of a dump.
  ///
  /// - Parameter isCancelled: asked now and then; a dump that is given up stays unverified.
  /// - Returns: what verification found, or why the dump can't be read.
  package func verification(
    of path: String, _ keyring: DumpKeyring, isCancelled: () -> Bool = { false }
  ) -> (found: Verification<GoodDump>?, trouble: String?) {
    do {
      return (.good(.init(try open(path).inspect(keyring, isCancelled: isCancelled))), nil)
    } catch {
      let found = (error as? DumpFormatError).flatMap(Verification<GoodDump>.init)
      return (found, found == nil ? "\(error)" : nil)
    }
  }
}
