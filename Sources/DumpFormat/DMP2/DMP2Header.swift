import JSON

/// The header of our layout, as JSON in chunk 0. A reader passes over members that it does not know.
struct DMP2Header: Sendable, Equatable {
  let header: DumpHeader
  /// The program that wrote the file, with its version.
  let writer: String

  /// Whether the documents are in the compact form of `JSONWriter`.
  var isCanonical: Bool { writer.utf8.starts(with: DMP2.ownWriter.utf8) }

  var bytes: [UInt8] {
    var members: [(String, JSONValue)] = [
      ("format", .string(DumpFormatName.dmp2.label)), ("version", .integer(DMP2.version)),
      ("created_at", .string(header.createdAt)),
    ]
    if let order = header.order {
      members += [("epoch", .integer(order.epoch)), ("sequence", .integer(order.sequence))]
    }
    members.append(("writer", .string(writer)))
    if let predecessor = header.predecessor { members.append(("predecessor", .string(predecessor))) }
    if let identity = header.firstIdentity { members.append(("first_identity", .string(identity))) }
    return JSONWriter.bytes(JSONObject(members))
  }

  init(header: DumpHeader, writer: String) {
    self.header = header
    self.writer = writer
  }

  /// - Throws: `DumpFormatError` `malformedContent` or `unsupportedVersion`.
  init(_ bytes: [UInt8]) throws(DumpFormatError) {
    let object = try Self.object(bytes, "the header")
    guard let version = object["version"] else { throw DumpFormatError(.unsupportedVersion, "none") }
    guard version == .integer(DMP2.version) else {
      throw DumpFormatError(.unsupportedVersion, JSONWriter.text(version))
    }
    guard let createdAt = object["created_at"]?.string, let writer = object["writer"]?.string else {
      throw DumpFormatError(.malformedContent, "the header lacks created_at or writer")
    }
    var order: DumpOrder?
    if let epoch = object["epoch"], let sequence = object["sequence"] {
      order = epoch.number?.int.flatMap { epoch in
        sequence.number?.int.flatMap { DumpOrder(epoch: epoch, sequence: $0) }
      }
      guard order != nil else { throw DumpFormatError(.malformedContent, "the header has an impossible order") }
    }
    header = DumpHeader(
      format: .dmp2, createdAt: createdAt, order: order, predecessor: object["predecessor"]?.string,
      firstIdentity: object["first_identity"]?.string)
    self.writer = writer
  }

  static func object(_ bytes: [UInt8], _ what: String) throws(DumpFormatError) -> JSONObject {
    do throws(JSONError) {
      if let object = try JSONParser().parse(bytes).object { return object }
    } catch {
      throw DumpFormatError(.malformedContent, "\(what) is no JSON: \(error)")
    }
    throw DumpFormatError(.malformedContent, "\(what) is no JSON object")
  }
}

/// The trailer of our layout, as JSON in the last chunk: the groups and their numbers of records.
enum DMP2Trailer {
  private static let member = "collections"

  static func bytes(_ counts: [DumpSummary.GroupCount]) -> [UInt8] {
    let list = counts.map { count -> JSONValue in
      .object(JSONObject([("name", .string(count.name)), ("documents", .integer(count.records))]))
    }
    return JSONWriter.bytes(JSONObject([(member, .array(list))]))
  }

  /// Checks that the records which were read are those that the writer counted.
  static func check(_ bytes: [UInt8], _ counts: [DumpSummary.GroupCount]) throws(DumpFormatError) {
    let list = try DMP2Header.object(bytes, "the trailer")[member]?.array
    let stated = list?.compactMap { entry -> DumpSummary.GroupCount? in
      guard let name = entry.object?["name"]?.string, let documents = entry.object?["documents"]?.number?.int else {
        return nil
      }
      return DumpSummary.GroupCount(name: name, records: documents)
    }
    guard stated == counts, list?.count == counts.count else {
      throw DumpFormatError(.malformedContent, "the trailer counts other documents than there are")
    }
  }
}
