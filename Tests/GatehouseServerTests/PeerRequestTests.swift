import HTTPTypes
import JSON
import Model
import Peers
import Platform
import Testing

@testable import GatehouseServer

/// The fields of messages between tasks as this version wrote them first. During a deployment they come from a task of
/// the version before or after, so a field keeps its name and meaning.
@Suite("Requests and answers in messages of this version and the one before")
struct PeerRequestTests {
  @Test("are the client's request: method, path, fields, address and body")
  func request() throws {
    let message = PeerMessage(
      .change,
      [
        "method": "POST", "path": "/platform/group?a=b",
        "fields": [["authorization", "Bearer token"], ["x-request-id", "x-1"]], "authority": "gateway.example",
        "client": "192.0.2.7", "later": true,
      ], body: Array("{}".utf8))
    let request = try #require(message.request)
    #expect(request.head.method == .post)
    #expect(request.head.path == "/platform/group?a=b")
    #expect(request.head.authority == "gateway.example")
    #expect(
      request.head.headerFields.map { [$0.name.canonicalName, $0.value] } == [
        ["authorization", "Bearer token"], ["x-request-id", "x-1"],
      ])
    #expect(request.client?.description == "192.0.2.7")
    #expect(request.body == Array("{}".utf8))
    let written = PeerMessage(request)
    #expect(written.kind == .change && written.body == message.body)
    #expect(written.fields == message.fields.removing("later"))
  }

  @Test("are the writer's answer, with the place that the other task has to reach")
  func answer() throws {
    let fields: JSONObject = [
      "status": 201, "fields": [["content-type", "application/json"]],
      "journal": .object(["epoch": 3, "sequence": 17, "bytes": 2048]),
    ]
    let message = PeerMessage(.done, fields, body: Array("{}".utf8))
    let answer = try #require(message.answer)
    #expect(answer.status == 201 && answer.body == Array("{}".utf8))
    #expect(answer.fields.map { [$0.name.canonicalName, $0.value] } == [["content-type", "application/json"]])
    let place = try #require(message.place)
    #expect(place.json == ["epoch": 3, "sequence": 17, "bytes": 2048])
    #expect(PeerMessage(answer, place).fields == fields)
    let unread = PeerMessage(answer, nil, isUnread: true).fields
    #expect(unread["unread"]?.bool == true && unread["journal"] == nil)
    #expect(PeerMessage(place).fields == ["journal": .object(["epoch": 3, "sequence": 17, "bytes": 2048])])
  }
}
