import JSON
import Model
import Testing

@testable import Gateway

@Suite("The endpoints of an API")
struct EndpointTrieTests {
  private func plan(_ method: String, _ uri: String, client: String? = nil, id: String? = nil) -> EndpointPlan {
    var fields: JSONObject = [
      "api_name": "a", "api_version": "v1", "endpoint_method": .string(method), "endpoint_uri": .string(uri),
    ]
    if let client { fields = fields.merging(["client_uri": .string(client)]) }
    if let id { fields = fields.merging(["endpoint_id": .string(id)]) }
    return EndpointPlan(EndpointRecord(fields), servers: nil, isValidated: false, counters: StatusCounters())
  }

  private func trie(_ plans: [EndpointPlan]) -> EndpointTrie {
    var trie = EndpointTrie()
    for plan in plans { trie.insert(plan) }
    return trie
  }

  private func found(_ trie: EndpointTrie, _ uri: String, _ method: String = "GET") -> String? {
    trie.find(method, uri.parts(betweenBytes: UInt8(ascii: "/"))[...])?.record.uri
  }

  @Test("are found by method and URI, with or without slashes at the ends")
  func plain() {
    let trie = trie([plan("GET", "/items"), plan("post", "items/"), plan("GET", "/")])
    #expect(found(trie, "items") == "/items")
    #expect(found(trie, "items", "POST") == "items/")
    #expect(found(trie, "") == "/")
    #expect(found(trie, "items", "PUT") == nil)
    #expect(found(trie, "Items") == nil)
    #expect(found(trie, "items/x") == nil)
    #expect(found(trie, "other") == nil)
  }

  @Test("prefer a literal segment to a parameter")
  func literalFirst() {
    let trie = trie([plan("GET", "/a/{x}/c"), plan("GET", "/a/b/{y}"), plan("GET", "/{z}/b/c")])
    #expect(found(trie, "a/b/c") == "/a/b/{y}")
    #expect(found(trie, "a/x/c") == "/a/{x}/c")
    #expect(found(trie, "x/b/c") == "/{z}/b/c")
    #expect(found(trie, "a/x/d") == nil)
  }

  @Test("are found by a parameter when the literal leads nowhere")
  func backtracking() {
    let trie = trie([plan("GET", "/a/b/c"), plan("GET", "/a/{x}/d"), plan("GET", "/{y}/b/e"), plan("POST", "/a/b/d")])
    #expect(found(trie, "a/b/d") == "/a/{x}/d")
    #expect(found(trie, "a/b/e") == "/{y}/b/e")
    #expect(found(trie, "a/b/d", "POST") == "/a/b/d")
    #expect(found(trie, "a/x/d", "POST") == nil)
    #expect(found(trie, "a/b/f") == nil)
  }

  @Test("have parameters of one whole segment only")
  func parameters() {
    #expect(
      TemplateSegment.split("/a/{x}/{}/{y/z}/p{q}//") == [
        .literal(UTF8Key("a")), .parameter("x"), .literal(UTF8Key("{}")), .literal(UTF8Key("{y")),
        .literal(UTF8Key("z}")), .literal(UTF8Key("p{q}")),
      ])
  }

  @Test("are found by the client's URI where they have one, and not by the server's")
  func clientURI() {
    let trie = trie([plan("GET", "/b/{id}", client: "/f/{id}")])
    #expect(found(trie, "f/1") == "/b/{id}")
    #expect(found(trie, "b/1") == nil)
  }

  @Test("tell segments apart by their bytes")
  func bytes() {
    let trie = trie([plan("GET", "/caf\u{E9}")])
    #expect(found(trie, "caf\u{E9}") != nil)
    #expect(found(trie, "cafe\u{301}") == nil)
  }

  @Test("are gone once removed, and leave the others")
  func removal() {
    var trie = trie([plan("GET", "/a/{x}"), plan("POST", "/a/{x}"), plan("GET", "/a/b")])
    trie.remove(plan("GET", "/a/b").record)
    #expect(found(trie, "a/b") == "/a/{x}")
    trie.remove(plan("GET", "/a/{x}").record)
    #expect(found(trie, "a/b") == nil)
    #expect(found(trie, "a/b", "POST") == "/a/{x}")
    #expect(trie.hasAny(["a", "b"]))
    trie.remove(plan("GET", "/none/at/all").record)
    trie.remove(plan("POST", "/a/{x}").record)
    #expect(!trie.hasAny(["a", "b"]))
  }

  @Test("of one shape all stay: the first by its URI counts, in whatever order they came and go")
  func sameShape() {
    let plans = [plan("GET", "/a/{y}"), plan("GET", "/a/{x}"), plan("get", "/a/{w}"), plan("GET", "/a/{z}", id: "1")]
    for first in plans.indices {
      var trie = trie(Array(plans[first...] + plans[..<first]))
      var uris: [String] = []
      while let plan = trie.find("GET", ["a", "1"]) {
        uris.append(plan.record.uri)
        trie.remove(plan.record)
      }
      #expect(uris == ["/a/{w}", "/a/{x}", "/a/{y}", "/a/{z}"])
    }
  }

  @Test("copied before a change stay as they were")
  func copies() {
    let before = trie([plan("GET", "/a/b")])
    var after = before
    after.insert(plan("GET", "/a/c"))
    after.remove(plan("GET", "/a/b").record)
    #expect(found(before, "a/b") != nil && found(before, "a/c") == nil)
    #expect(found(after, "a/b") == nil && found(after, "a/c") != nil)
  }
}
