import HTTPAPI
import JSON
import Testing

@Suite("The envelope")
struct EnvelopeTests {
  @Test("strict: always 200, with the status, and tokens at the top level too")
  func strict() {
    let data = Envelope.strict.wrap(.data(["access_token": "t"], status: 201))
    #expect(data.status == 200)
    #expect(data.body == ["status_code": 201, "response": ["access_token": "t"], "access_token": "t"])
    #expect(Envelope.strict.wrap(.message("m")).body == ["status_code": 200, "message": "m"])
    #expect(
      Envelope.strict.wrap(APIError(404, "USR002", "none")).body
        == ["status_code": 404, "error_code": "USR002", "error_message": "none"])
    #expect(Envelope.strict.wrap(.raw(["status": "draining"], status: 503)).status == 503)
  }

  @Test("plain: the data itself")
  func plain() {
    #expect(Envelope.plain.wrap(.data(["a": 1], status: 201)).body == ["a": 1])
    #expect(Envelope.plain.wrap(.response(["path": "p"])).body == ["response": ["path": "p"]])
    #expect(Envelope.plain.wrap(APIError(404, nil, "none")).body == ["error_message": "none"])
  }
}
