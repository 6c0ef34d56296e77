import Testing

@testable import Listener

@Suite("The field Date")
struct DateFieldTests {
  @Test(
    "has the form of RFC 9110",
    arguments: [
      (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"), (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
      (951_782_399, "Mon, 28 Feb 2000 23:59:59 GMT"), (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
      (1_798_761_599, "Thu, 31 Dec 2026 23:59:59 GMT"),
    ])
  func form(seconds: Int, text: String) {
    var date = DateField()
    #expect(date.text(at: seconds) == text)
    #expect(date.text(at: seconds) == text)
    #expect(date.text(at: seconds + 1) != text)
  }
}
