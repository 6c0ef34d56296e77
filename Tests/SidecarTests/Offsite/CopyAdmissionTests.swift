import Testing

@testable import Sidecar

@Suite("CopyAdmission")
struct CopyAdmissionTests {
  @Test("refuses when a strange copy stays for longer than a volume may list late, and tells that once")
  func refusal() {
    var admission = CopyAdmission()
    for second in [0, 50, 89] {
      #expect(admission.looked(isOwn: false, at: .seconds(100 + second)) == nil)
      #expect(admission.state == .waiting(since: .seconds(100)))
      #expect(admission.pause == .seconds(10))
    }
    #expect(admission.looked(isOwn: false, at: .seconds(190)) == .began)
    #expect(admission.looked(isOwn: false, at: .seconds(900)) == nil)
    #expect(admission.state == .refused && admission.pause == .seconds(60))
    admission.recheck()
    #expect(admission.state == .refused)
    #expect(admission.looked(isOwn: true, at: .seconds(901)) == .ended)
    #expect(admission.looked(isOwn: true, at: .seconds(902)) == nil)
    #expect(admission.state == .open)
  }

  @Test("counts the time of one row of looks alone")
  func rows() {
    var admission = CopyAdmission()
    _ = admission.looked(isOwn: false, at: .zero)
    #expect(admission.looked(isOwn: true, at: .seconds(60)) == nil)
    #expect(admission.state == .open)
    admission.recheck()
    #expect(admission.state == .unchecked)
    #expect(admission.looked(isOwn: false, at: .seconds(120)) == nil)
    // Another task made the copies for a while.
    admission.forget()
    #expect(admission.looked(isOwn: false, at: .seconds(900)) == nil)
    #expect(admission.state == .waiting(since: .seconds(900)))
  }
}
