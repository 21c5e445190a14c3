//! The drawn icons of the tool rail, and the frame of the remote screen.

use egui::{Painter, Pos2, Rect, Shape, Stroke, StrokeKind, pos2};
use ui_kit::Tokens;

/// Width of the frame that shows where input goes, in points.
const FRAME_WIDTH: f32 = 3.0;

/// An icon on a grid of 24 by 24.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// A pointer.
    Control,
    /// A pointer that leaves a frame.
    Release,
    /// An arrow out of a tray.
    Send,
    /// An arrow into a tray.
    Fetch,
    /// Four corners.
    ActualSize,
    /// A camera.
    Picture,
    /// A screen with lines on it.
    Machine,
    /// A screen with a sign that asks for commands.
    Shell,
    /// A folder.
    Files,
    /// A cross.
    End,
    /// An arrow that points into a corner.
    Mark,
    /// A keyboard.
    Keys,
    /// A sheet on a board with a clip.
    Clipboard,
    /// Two arrows that part.
    FullScreen,
    /// A house.
    Home,
    /// A card with a picture and lines.
    Card,
    /// A glass to look for something.
    Search,
}

impl Icon {
    fn lines(self) -> &'static [&'static [(f32, f32)]] {
        const TRAY: &[(f32, f32)] = &[(4.0, 15.0), (4.0, 20.0), (20.0, 20.0), (20.0, 15.0)];
        const ARROW: &[(f32, f32)] = &[
            (6.0, 3.0),
            (6.0, 18.5),
            (10.0, 14.8),
            (12.8, 21.0),
            (15.4, 19.8),
            (12.7, 13.8),
            (18.0, 13.4),
            (6.0, 3.0),
        ];
        match self {
            Self::Control => &[ARROW],
            Self::Release => &[
                &[(13.0, 4.0), (4.0, 4.0), (4.0, 20.0), (20.0, 20.0), (20.0, 11.0)],
                &[(11.0, 13.0), (21.0, 3.0)],
                &[(15.0, 3.0), (21.0, 3.0), (21.0, 9.0)],
            ],
            Self::Send => &[TRAY, &[(12.0, 15.0), (12.0, 3.5)], &[(7.0, 8.5), (12.0, 3.5), (17.0, 8.5)]],
            Self::Fetch => &[TRAY, &[(12.0, 3.5), (12.0, 15.0)], &[(7.0, 10.0), (12.0, 15.0), (17.0, 10.0)]],
            Self::ActualSize => &[
                &[(4.0, 9.0), (4.0, 4.0), (9.0, 4.0)],
                &[(15.0, 4.0), (20.0, 4.0), (20.0, 9.0)],
                &[(20.0, 15.0), (20.0, 20.0), (15.0, 20.0)],
                &[(9.0, 20.0), (4.0, 20.0), (4.0, 15.0)],
            ],
            Self::Picture => &[
                &[
                    (3.0, 7.0),
                    (7.5, 7.0),
                    (9.5, 4.0),
                    (14.5, 4.0),
                    (16.5, 7.0),
                    (21.0, 7.0),
                    (21.0, 20.0),
                    (3.0, 20.0),
                    (3.0, 7.0),
                ],
                &[
                    (15.5, 13.0),
                    (14.5, 15.5),
                    (12.0, 16.5),
                    (9.5, 15.5),
                    (8.5, 13.0),
                    (9.5, 10.5),
                    (12.0, 9.5),
                    (14.5, 10.5),
                    (15.5, 13.0),
                ],
            ],
            Self::Machine => &[
                &[(3.0, 4.0), (21.0, 4.0), (21.0, 17.0), (3.0, 17.0), (3.0, 4.0)],
                &[(8.0, 21.0), (16.0, 21.0)],
                &[(7.0, 8.5), (17.0, 8.5)],
                &[(7.0, 12.5), (13.0, 12.5)],
            ],
            Self::Mark => &[
                &[(3.0, 21.0), (12.0, 12.0)],
                &[(6.5, 12.0), (12.0, 12.0), (12.0, 17.5)],
                &[(8.0, 7.0), (8.0, 3.0), (21.0, 3.0), (21.0, 16.0), (17.0, 16.0)],
            ],
            Self::Keys => &[
                &[(2.5, 6.0), (21.5, 6.0), (21.5, 18.0), (2.5, 18.0), (2.5, 6.0)],
                &[(6.0, 10.0), (7.0, 10.0)],
                &[(11.5, 10.0), (12.5, 10.0)],
                &[(17.0, 10.0), (18.0, 10.0)],
                &[(7.5, 14.5), (16.5, 14.5)],
            ],
            Self::Clipboard => &[
                &[(8.0, 5.0), (5.0, 5.0), (5.0, 21.0), (19.0, 21.0), (19.0, 5.0), (16.0, 5.0)],
                &[(8.0, 3.0), (16.0, 3.0), (16.0, 7.0), (8.0, 7.0), (8.0, 3.0)],
                &[(8.5, 12.0), (15.5, 12.0)],
                &[(8.5, 16.0), (15.5, 16.0)],
            ],
            Self::FullScreen => &[
                &[(13.5, 10.5), (21.0, 3.0)],
                &[(15.0, 3.0), (21.0, 3.0), (21.0, 9.0)],
                &[(10.5, 13.5), (3.0, 21.0)],
                &[(3.0, 15.0), (3.0, 21.0), (9.0, 21.0)],
            ],
            Self::Shell => &[
                &[(3.0, 4.0), (21.0, 4.0), (21.0, 20.0), (3.0, 20.0), (3.0, 4.0)],
                &[(7.0, 9.0), (10.5, 12.0), (7.0, 15.0)],
                &[(12.5, 15.5), (17.0, 15.5)],
            ],
            Self::Files => &[
                &[(3.0, 19.0), (3.0, 5.0), (9.5, 5.0), (11.5, 8.0), (21.0, 8.0), (21.0, 19.0), (3.0, 19.0)],
                &[(3.0, 11.5), (21.0, 11.5)],
            ],
            Self::Home => &[
                &[(3.0, 11.5), (12.0, 4.0), (21.0, 11.5)],
                &[(5.5, 9.5), (5.5, 20.0), (18.5, 20.0), (18.5, 9.5)],
                &[(10.0, 20.0), (10.0, 14.0), (14.0, 14.0), (14.0, 20.0)],
            ],
            Self::Card => &[
                &[(3.0, 5.0), (21.0, 5.0), (21.0, 19.0), (3.0, 19.0), (3.0, 5.0)],
                &[(6.5, 9.0), (10.5, 9.0), (10.5, 14.0), (6.5, 14.0), (6.5, 9.0)],
                &[(13.5, 9.5), (17.5, 9.5)],
                &[(13.5, 13.5), (17.5, 13.5)],
            ],
            Self::Search => &[
                &[
                    (16.5, 10.5),
                    (15.0, 14.8),
                    (10.5, 16.5),
                    (6.0, 14.8),
                    (4.5, 10.5),
                    (6.0, 6.2),
                    (10.5, 4.5),
                    (15.0, 6.2),
                    (16.5, 10.5),
                ],
                &[(15.0, 15.0), (21.0, 21.0)],
            ],
            Self::End => &[&[(6.0, 6.0), (18.0, 18.0)], &[(18.0, 6.0), (6.0, 18.0)]],
        }
    }

    /// Draws it around `centre`, `size` points wide and high.
    pub fn paint(self, painter: &Painter, centre: Pos2, size: f32, stroke: Stroke) {
        let at = |(x, y): &(f32, f32)| pos2(centre.x + (x - 12.0) / 24.0 * size, centre.y + (y - 12.0) / 24.0 * size);
        for line in self.lines() {
            painter.add(Shape::line(line.iter().map(at).collect(), stroke));
        }
    }
}

/// The frame around the remote screen while it has the focus: broad and in the accent when mouse and
/// keyboard go to the client, else only as wide as keyboard users need.
pub(crate) fn focus_frame(painter: &Painter, picture: Rect, tokens: &Tokens, capturing: bool) {
    // The ground behind it is dark in every theme, so the colours are those of the dark one.
    let stroke = if capturing {
        Stroke::new(FRAME_WIDTH, if tokens.high_contrast { tokens.focus } else { Tokens::DARK.accent })
    } else {
        Stroke::new(1.0, Tokens::DARK.ink_secondary)
    };
    painter.rect_stroke(picture, 0.0, stroke, StrokeKind::Outside);
}
