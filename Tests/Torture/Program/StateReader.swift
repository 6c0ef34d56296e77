import JSON
import TestSupport
import TortureModel

/// Reads the documents of all clients from one task, with their names and values as the judge knows them.
struct StateReader {
  /// The end of the name that the subscriptions of a user have.
  static let subscriptions = "/subscriptions"

  private let connection: HTTPConnection
  private let token: String

  init(port: Int, token: String) throws {
    connection = try HTTPConnection(port: port)
    self.token = token
  }

  /// - Parameter asked: the names that clients asked for. Only they find a document below one that is not there.
  func documents(asked: Set<String>) throws -> [String: String] {
    var documents: [String: String] = [:]
    for resource in Resource.allCases { try add(resource, to: &documents) }
    let above = documents
    for name in above.keys {
      if Resource.api.isOfClients(name) { try addEndpoints(of: name, to: &documents) }
      if Resource.user.isOfClients(name) { try addSubscriptions(of: name, to: &documents) }
    }
    for name in asked {
      guard let parent = Request.parent(of: name), above[parent] == nil else { continue }
      if Resource.user.isOfClients(parent) {
        try addSubscriptions(of: parent, to: &documents)
      } else {
        documents[name] = try endpoint(String(name.dropFirst(parent.count)), of: parent)
      }
    }
    return documents
  }

  private func add(_ resource: Resource, to documents: inout [String: String]) throws {
    for page in 1... {
      let object = try get("/platform/\(resource.rawValue)/all?page=\(page)&page_size=100")
      guard let list = object?["\(resource.rawValue)s"]?.array else {
        throw HTTPFailure(description: "page \(page) of \(resource.rawValue)s is no list")
      }
      for document in list.compactMap(\.object) {
        guard let name = document[resource.nameField]?.string, resource.isOfClients(name) else { continue }
        documents[name] = document[resource.valueField]?.string ?? ""
      }
      if list.count < 100 { return }
    }
  }

  private func addEndpoints(of api: String, to documents: inout [String: String]) throws {
    let list = try get("/platform/endpoint/\(api)/\(Resource.version)")?["endpoints"]?.array
    for endpoint in (list ?? []).compactMap(\.object) {
      guard let uri = endpoint["endpoint_uri"]?.string else { continue }
      documents[api + uri] = endpoint["endpoint_description"]?.string ?? ""
    }
  }

  private func addSubscriptions(of user: String, to documents: inout [String: String]) throws {
    let apis = try get("/platform/subscription/subscriptions/\(user)")?["apis"]?.array ?? []
    if !apis.isEmpty { documents[user + Self.subscriptions] = apis.compactMap(\.string).joined(separator: ",") }
  }

  private func endpoint(_ uri: String, of api: String) throws -> String? {
    try get("/platform/endpoint/GET/\(api)/\(Resource.version)\(uri)")?["endpoint_description"]?.string
  }

  /// - Returns: the object that the task answers, or `nil` where it has none of that name.
  private func get(_ path: String) throws -> JSONObject? {
    try connection.send("GET \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \(token)\r\n\r\n")
    let answer = try connection.receive()
    if answer.status == 200, let object = answer.json.object { return object }
    if ["END004", "END005"].contains(answer.code) { return nil }
    throw HTTPFailure(description: "\(path): \(answer.status) \(answer.text.prefix(300))")
  }
}
