"""Values and words of the field; standard library and numpy only.

Glossary (ISO/IEC 2382-37, 19795-1, 30107-3):

probe             the face that is in front of the door now
gallery           the embeddings of everybody who is enrolled, all from one encoder
template          one stored embedding of one subject
distance d        ``||f(a) - f(b)||^2`` over unit vectors: 0 (identical) to 4 (opposite); smaller is more alike
tau               the threshold: ``d <= tau`` means the same person, and nothing else does
verification      1:1, is this the person named by badge or PIN?
identification    1:N, who of the gallery is this, if anybody?
attempt           one person's stay before the camera, one track, at most two looks at the gallery
look              one search with the fused embedding of several frames
presentation attack (PA)   a picture, screen or mask shown to the camera; its detection is PAD, to people "liveness"
bona fide         a presentation that is no attack
FMR, FNMR         error rates of single comparisons; FPIR, FNIR of a search in a gallery of K subjects
"""
