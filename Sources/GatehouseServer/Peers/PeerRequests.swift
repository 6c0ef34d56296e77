import DumpFormat
import HTTPTypes
import JSON
import Model
import Peers
import Platform

/// A request of a client as a message between tasks.
extension PeerMessage {
  init(_ request: ForwardedRequest) {
    let head = request.head
    var fields: JSONObject = [
      "method": .string(head.method.rawValue), "path": .string(head.path ?? "/"),
      "fields": PeerMessage.json(head.headerFields),
    ]
    if let authority = head.authority { fields["authority"] = .string(authority) }
    if let client = request.client { fields["client"] = .string(client.description) }
    self.init(.change, fields, body: request.body)
  }

  /// The request of a client, or `nil` when the message is none.
  var request: ForwardedRequest? {
    guard kind == .change, let method = fields["method"]?.string.flatMap({ HTTPRequest.Method($0) }),
      let path = fields["path"]?.string, let headerFields = headerFields
    else { return nil }
    return ForwardedRequest(
      head: HTTPRequest(
        method: method, scheme: nil, authority: fields["authority"]?.string, path: path, headerFields: headerFields),
      body: body, client: fields["client"]?.string.flatMap { NetworkAddress($0) })
  }

  /// The answer to a request, with the place that the other task has to reach to have its changes.
  ///
  /// - Parameter isUnread: whether the volume does not have the changes yet.
  init(_ answer: ForwardedAnswer, _ place: ReadPlace?, isUnread: Bool = false) {
    var fields: JSONObject = ["status": .integer(answer.status), "fields": PeerMessage.json(answer.fields)]
    fields.note(place)
    if isUnread { fields["unread"] = true }
    self.init(.done, fields, body: answer.body)
  }

  /// The answer to a request, or `nil` when the message is none.
  var answer: ForwardedAnswer? {
    guard kind == .done, let status = fields["status"]?.number?.int, let headerFields = headerFields else { return nil }
    return ForwardedAnswer(status: status, fields: headerFields, body: body)
  }

  /// The answer to a question for the newest place.
  init(_ place: ReadPlace?) {
    var fields: JSONObject = [:]
    fields.note(place)
    self.init(.done, fields)
  }

  /// The place that an answer names.
  var place: ReadPlace? { fields["journal"]?.object.flatMap(ReadPlace.init) }

  private static func json(_ fields: HTTPFields) -> JSONValue {
    .array(fields.map { .strings([$0.name.rawName, $0.value]) })
  }

  private var headerFields: HTTPFields? {
    guard let pairs = fields["fields"]?.array else { return nil }
    var fields = HTTPFields()
    for pair in pairs {
      guard let words = pair.strings, words.count == 2, let name = HTTPField.Name(words[0]) else { return nil }
      fields.append(HTTPField(name: name, value: words[1]))
    }
    return fields
  }
}

extension JSONObject {
  fileprivate mutating func note(_ place: ReadPlace?) {
    if let place { self["journal"] = .object(place.json) }
  }
}

/// A place in the holder's journals.
struct ReadPlace: Sendable, Equatable {
  let number: JournalNumber
  let bytes: Int

  init(number: JournalNumber, bytes: Int) {
    (self.number, self.bytes) = (number, bytes)
  }

  init(_ place: (number: JournalNumber, bytes: Int)) {
    self.init(number: place.number, bytes: place.bytes)
  }

  init?(_ object: JSONObject) {
    guard let epoch = object["epoch"]?.number?.int, let sequence = object["sequence"]?.number?.int,
      let bytes = object["bytes"]?.number?.int, let number = JournalNumber(epoch: epoch, sequence: sequence)
    else { return nil }
    self.init(number: number, bytes: bytes)
  }

  var json: JSONObject {
    ["epoch": .integer(number.epoch), "sequence": .integer(number.sequence), "bytes": .integer(bytes)]
  }
}
